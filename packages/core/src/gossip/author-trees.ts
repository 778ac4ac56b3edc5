// The trees of one topic: one for each author heard lately, and one that all others share.

import type { Millis } from '../contract.ts'
import type { PeerId } from '../identity/peer-id.ts'
import { AUTHOR_TREE_MS, AUTHOR_TREES_MAX, AUTHOR_TREES_PER_TOPIC_MAX, FORMER_PARENT_MS } from '../limits.ts'
import type { MessageId } from '../wire/messages.ts'
import type { SharedTree } from './shared-tree.ts'

/** Messages that a parent may fail to bring before its announcements change nothing any more. Guess. */
const PARENT_FAILURES_MAX = 3

/** An author and which of its messages. */
export type TreeName = string & { readonly treeName: unique symbol }

/** How one author's messages come to us and go on. */
export class AuthorTree {
  /** Who sends them to us first; null where we are the author, or do not know. */
  parent: PeerId | null = null
  /** To whom we push them. Never the parent. */
  readonly children: Set<PeerId>
  heardAt: Millis
  #latest: MessageId | null = null
  #spare: PeerId | null = null
  readonly #failuresByParent = new Map<PeerId, number>()
  #former: PeerId | null = null
  #formerUntil: Millis = 0
  /** Who has been told to send no more of this tree, and until when what it had under way may come. */
  readonly #dismissedUntil = new Map<PeerId, Millis>()

  constructor(children: Iterable<PeerId>, now: Millis) {
    this.children = new Set(children)
    this.heardAt = now
  }

  /** A message came from there first. What a former parent sent before it heard of its dismissal does not count. */
  hear(source: PeerId, now: Millis): void {
    this.heardAt = now
    this.children.delete(source)
    if (source === this.#former && now <= this.#formerUntil) return
    this.parent = source
    this.#dismissedUntil.delete(source)
  }

  /** Changes the parent. Its predecessor is told by whoever calls. */
  adopt(parent: PeerId, now: Millis): void {
    this.#former = this.parent
    this.#formerUntil = now + FORMER_PARENT_MS
    this.parent = parent
    this.children.delete(parent)
    this.#dismissedUntil.delete(parent)
  }

  /** Whether the sender of a duplicate is to be told: once, or as many frames go back as it had under way. */
  dismiss(peer: PeerId, now: Millis): boolean {
    if ((this.#dismissedUntil.get(peer) ?? 0) > now) return false
    this.#dismissedUntil.set(peer, now + FORMER_PARENT_MS)
    return true
  }

  /** The message by which a place in the tree can be asked for; null where none came yet. */
  get latest(): MessageId | null {
    return this.#latest
  }

  /** A new message, and who announced it before it came. */
  advance(id: MessageId, announcer: PeerId | null): void {
    this.#latest = id
    this.#spare = null
    if (announcer !== null) this.offer(id, announcer)
  }

  /** Somebody has a message too. The first to have the latest one is spare: whoever has it soon is hardly behind us. */
  offer(id: MessageId, peer: PeerId): void {
    if (id === this.#latest && peer !== this.parent && this.trusts(peer)) this.#spare ??= peer
  }

  /** The message had to be asked for: if somebody else had it, the parent failed. */
  blameParent(source: PeerId): void {
    if (this.parent === null || this.parent === source) return
    this.#failuresByParent.set(this.parent, (this.#failuresByParent.get(this.parent) ?? 0) + 1)
  }

  /** Whoever announces first and then delivers nothing would else be adopted for ever. */
  trusts(peer: PeerId): boolean {
    return (this.#failuresByParent.get(peer) ?? 0) < PARENT_FAILURES_MAX
  }

  addChild(peer: PeerId): void {
    this.children.add(peer)
    if (this.parent === peer) this.parent = null
  }

  /** Returns the spare peer where it is now the parent, and has to be told so. */
  removeLink(peer: PeerId): PeerId | null {
    this.#failuresByParent.delete(peer)
    this.#dismissedUntil.delete(peer)
    this.children.delete(peer)
    if (this.#spare === peer) this.#spare = null
    if (this.parent !== peer) return null
    this.parent = this.#spare
    if (this.parent !== null) this.children.delete(this.parent)
    this.#spare = null
    return this.parent
  }

  /** Without direction, as other authors may use it. */
  get links(): Set<PeerId> {
    const links = new Set(this.children)
    if (this.parent !== null) links.add(this.parent)
    return links
  }
}

/** Trees over all topics. */
export interface TreeCount {
  trees: number
}

/**
 * An author's tree begins as the shared one. The shared tree follows one author's, the guide's, and all members choose the
 * same: the one with the smallest name. At the bound the author longest unheard is forgotten, but never the guide.
 */
export class AuthorTrees {
  readonly #treeByName = new Map<TreeName, AuthorTree>()
  readonly #total: TreeCount
  readonly shared: SharedTree
  #guide: TreeName | null = null

  constructor(total: TreeCount, shared: SharedTree) {
    this.#total = total
    this.shared = shared
  }

  get size(): number {
    return this.#treeByName.size
  }

  get(name: TreeName): AuthorTree | undefined {
    return this.#treeByName.get(name)
  }

  /** Marks an author's next message: until now its tree has settled, and others may use it. */
  follow(name: TreeName): void {
    const tree = this.#treeByName.get(name)
    if (name === this.#guide && tree !== undefined && tree.links.size > 0) this.shared.follow(tree.links)
  }

  add(name: TreeName, children: Iterable<PeerId>, now: Millis): AuthorTree {
    const tree = new AuthorTree(children, now)
    this.#drop(name)
    this.#treeByName.set(name, tree)
    this.#total.trees += 1
    if (this.#guide === null || name < this.#guide) this.#guide = name
    if (this.size > AUTHOR_TREES_PER_TOPIC_MAX || this.#total.trees > AUTHOR_TREES_MAX)
      this.#dropLongestUnheard()
    return tree
  }

  /** Returns messages by which those that were spare peers of a tree are told that they are parents. */
  removeLink(peer: PeerId): Map<PeerId, MessageId[]> {
    this.shared.delete(peer)
    const idsByParent = new Map<PeerId, MessageId[]>()
    for (const tree of this.#treeByName.values()) {
      const parent = tree.removeLink(peer)
      if (parent === null || tree.latest === null) continue
      idsByParent.set(parent, [...(idsByParent.get(parent) ?? []), tree.latest])
    }
    return idsByParent
  }

  /** Where no tree is left the shared one follows none: it is drawn from the topic's links anew. */
  expire(now: Millis, links: ReadonlySet<PeerId>): void {
    for (const [name, tree] of this.#treeByName) {
      if (tree.heardAt + AUTHOR_TREE_MS <= now) this.#drop(name)
    }
    this.#chooseGuide()
    if (this.#guide === null) this.shared.drawAnew(links)
  }

  /** The topic has ended. */
  clear(): void {
    for (const name of this.#treeByName.keys()) this.#drop(name)
  }

  #drop(name: TreeName): void {
    if (this.#treeByName.delete(name)) this.#total.trees -= 1
  }

  #dropLongestUnheard(): void {
    let longest: TreeName | null = null
    let heardAt = Number.POSITIVE_INFINITY
    for (const [name, tree] of this.#treeByName) {
      if (name === this.#guide || tree.heardAt >= heardAt) continue
      longest = name
      heardAt = tree.heardAt
    }
    if (longest !== null) this.#drop(longest)
  }

  #chooseGuide(): void {
    this.#guide = null
    for (const name of this.#treeByName.keys()) {
      if (this.#guide === null || name < this.#guide) this.#guide = name
    }
  }
}
