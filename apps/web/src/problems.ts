// Problems of the peer, as sentences for the person: newest last, each once, gone when they are over.

import type { HyphaeError } from 'hyphae'

/** Problems shown. */
const PROBLEMS_MAX = 5

export interface Problem {
  readonly code: string
  readonly message: string
}

export function withProblem(problems: readonly Problem[], { code, message }: HyphaeError): Problem[] {
  const others = problems.filter((problem) => problem.code !== code || problem.message !== message)
  return [...others, { code, message }].slice(-PROBLEMS_MAX)
}

/** Without those of servers that answer again: such a message begins with the server's address. The same list where all last. */
export function lastingProblems(
  problems: readonly Problem[],
  servers: readonly { readonly url: string; readonly state: string }[],
): readonly Problem[] {
  const isOver = ({ code, message }: Problem) =>
    code === 'SIGNALING_FAILED' &&
    servers.some(({ url, state }) => state === 'up' && message.startsWith(`${url}: `))
  return problems.some(isOver) ? problems.filter((problem) => !isOver(problem)) : problems
}

/** Whether only an invite leads out of this browser: its tabs introduce each other, and nobody else. */
export function areServersSilent(
  introducers: readonly { readonly url: string; readonly state: string }[],
): boolean {
  const servers = introducers.filter(({ url }) => /^wss?:/.test(url))
  return servers.length > 0 && servers.every(({ state }) => state === 'down' || state === 'refused')
}
