// The topics the person joined, kept in this browser for each network: after a reload they are joined again.

import { keep, kept } from './browser-storage.ts'

/** Everybody is in it from the start, and stays. */
export const LOBBY = 'lobby'
/** Characters of a topic's name that are typed or kept. */
export const TOPIC_NAME_MAX = 60
/** Topics kept per network, the last joined: a guess at what one person reads. */
const TOPICS_MAX = 50

export function loadTopics(network: string): string[] {
  return topicsOfText(kept(keyOf(network)))
}

/** Read anew before each change: another tab may have joined or left one. */
export function keepTopic(network: string, name: string): void {
  saveTopics(network, withTopic(loadTopics(network), name))
}

export function forgetTopic(network: string, name: string): void {
  const topics = loadTopics(network).filter((topic) => topic !== name)
  saveTopics(network, topics)
}

function saveTopics(network: string, topics: readonly string[]): void {
  // Where the browser keeps nothing, a topic is joined until the page is reloaded.
  keep(keyOf(network), JSON.stringify(topics))
}

function keyOf(network: string): string {
  return `hyphae:topics:${network}`
}

export function withTopic(topics: readonly string[], name: string): string[] {
  return name === LOBBY || topics.includes(name) ? [...topics] : [...topics, name].slice(-TOPICS_MAX)
}

/** What is usable of kept topics. An older or newer version of the page, or a person, may have written them. */
export function topicsOfText(text: string | null): string[] {
  if (text === null) return []
  try {
    const names: unknown = JSON.parse(text)
    return Array.isArray(names) ? names.filter(isTopic).reduce(withTopic, []) : []
  } catch (error) {
    console.warn('The kept topics are damaged and were left out.', error)
    return []
  }
}

function isTopic(name: unknown): name is string {
  return typeof name === 'string' && name.trim() !== '' && name.length <= TOPIC_NAME_MAX
}
