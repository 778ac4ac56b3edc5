// The trees of one topic: one for each author heard lately, and one that all others share.

import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { AUTHOR_TREE_MS, AUTHOR_TREES_MAX, FORMER_PARENT_MS } from '../limits.ts'

/** How one author's direct messages come to us and go on. */
export class AuthorTree {
  /** Who sends them to us first; null where we are the author, or do not know. */
  parent: PeerId | null = null
  /** To whom we push them. Never the parent. */
  readonly children: Set<PeerId>
  heardAt: Millis
  #former: PeerId | null = null
  #formerUntil: Millis = 0

  constructor(children: Iterable<PeerId>, now: Millis) {
    this.children = new Set(children)
    this.heardAt = now
  }

  /** A message came from there first. What a former parent sent before it heard of its dismissal does not count. */
  hear(source: PeerId, now: Millis): void {
    this.heardAt = now
    this.children.delete(source)
    if (source !== this.#former || now > this.#formerUntil) this.parent = source
  }

  /** Changes the parent. Its predecessor is told by whoever calls. */
  adopt(parent: PeerId, now: Millis): void {
    this.#former = this.parent
    this.#formerUntil = now + FORMER_PARENT_MS
    this.parent = parent
    this.children.delete(parent)
  }

  addChild(peer: PeerId): void {
    this.children.add(peer)
    if (this.parent === peer) this.parent = null
  }

  removeLink(peer: PeerId): void {
    this.children.delete(peer)
    if (this.parent === peer) this.parent = null
  }

  /** Without direction, as other authors may use it. */
  get links(): Set<PeerId> {
    const links = new Set(this.children)
    if (this.parent !== null) links.add(this.parent)
    return links
  }
}

/**
 * An author's tree begins as the shared one. The shared tree follows one author's, and all members choose the same: the
 * one with the smallest id. At the bound the author longest unheard is forgotten, but never the one that is followed.
 */
export class AuthorTrees {
  readonly #treeByAuthor = new Map<PeerId, AuthorTree>()
  shared = new Set<PeerId>()
  #guide: PeerId | null = null

  get size(): number {
    return this.#treeByAuthor.size
  }

  get(author: PeerId): AuthorTree | undefined {
    return this.#treeByAuthor.get(author)
  }

  /** Marks an author's next message: until now its tree has settled, and others may use it. */
  follow(author: PeerId): void {
    const tree = this.#treeByAuthor.get(author)
    if (author === this.#guide && tree !== undefined) this.shared = tree.links
  }

  add(author: PeerId, children: Iterable<PeerId>, now: Millis): AuthorTree {
    const tree = new AuthorTree(children, now)
    this.#treeByAuthor.set(author, tree)
    if (this.#guide === null || author < this.#guide) this.#guide = author
    if (this.#treeByAuthor.size > AUTHOR_TREES_MAX) this.#dropLongestUnheard()
    return tree
  }

  removeLink(peer: PeerId): void {
    this.shared.delete(peer)
    for (const tree of this.#treeByAuthor.values()) tree.removeLink(peer)
  }

  expire(now: Millis): void {
    for (const [author, tree] of this.#treeByAuthor) {
      if (tree.heardAt + AUTHOR_TREE_MS <= now) this.#treeByAuthor.delete(author)
    }
    this.#chooseGuide()
  }

  #dropLongestUnheard(): void {
    let longest: PeerId | null = null
    let heardAt = Number.POSITIVE_INFINITY
    for (const [author, tree] of this.#treeByAuthor) {
      if (author === this.#guide || tree.heardAt >= heardAt) continue
      longest = author
      heardAt = tree.heardAt
    }
    if (longest !== null) this.#treeByAuthor.delete(longest)
  }

  #chooseGuide(): void {
    this.#guide = null
    for (const author of this.#treeByAuthor.keys()) {
      if (this.#guide === null || author < this.#guide) this.#guide = author
    }
  }
}
