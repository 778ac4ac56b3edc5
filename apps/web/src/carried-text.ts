// An invite or an answer as people paste it: with the greeting it came with, quoted by a mail program, before a signature.

/**
 * From its prefix to the first line that is empty but for marks of quotation, in one line: the same text is the same, however
 * it was wrapped. A text without the prefix stays as it is.
 */
export function carriedText(text: string): string {
  const [carried] = text.match(/hyphae-(?:invite|answer):.*(?:\n(?![> \t]*$).*)*/m) ?? []
  return carried === undefined ? text : carried.replace(/[>\s]/g, '')
}
