// Where somebody reads in a list of messages: at its end, which follows the newest, or further up, where nothing that others
// say takes away what is being read.

/** So near to its end, a list is read at its end: about two lines. */
const NEAR_END_PIXELS = 40

interface Scrolled {
  readonly scrollTop: number
  readonly clientHeight: number
  readonly scrollHeight: number
}

export class ReadingPlace {
  readonly #me: string | undefined
  #isAtEnd = true
  #top = 0
  #newest: string | undefined
  #isBehind = false

  constructor(me: string | undefined) {
    this.#me = me
  }

  /** Something was said at the end since the reader was there. */
  get isBehind(): boolean {
    return this.#isBehind
  }

  scrolled({ scrollTop, clientHeight, scrollHeight }: Scrolled): void {
    // A hidden list has no height, and is read nowhere.
    if (clientHeight === 0) return
    this.#top = scrollTop
    this.#isAtEnd = scrollTop + clientHeight >= scrollHeight - NEAR_END_PIXELS
    if (this.#isAtEnd) this.#isBehind = false
  }

  /** Where the list shows itself: its end, pixels from its top, or null where it stays. Also called when it comes back. */
  shows(newest: { readonly id: string; readonly from: string } | undefined): 'end' | number | null {
    const isBack = newest?.id === this.#newest
    this.#newest = newest?.id
    const isAtEnd = this.#isAtEnd || (!isBack && newest?.from === this.#me)
    if (!isBack) this.#isBehind = !isAtEnd
    if (isAtEnd) return 'end'
    return isBack ? this.#top : null
  }
}
