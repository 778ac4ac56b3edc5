import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { forgetTopic, keepTopic, loadTopics, topicsOfText } from './kept-topics.ts'

describe('kept topics', () => {
  const textByKey = new Map<string, string>()
  beforeEach(() =>
    vi.stubGlobal('localStorage', {
      getItem: (key: string) => textByKey.get(key) ?? null,
      setItem: (key: string, text: string) => textByKey.set(key, text),
    }),
  )
  afterEach(() => {
    vi.unstubAllGlobals()
    textByKey.clear()
  })

  test('are those that were joined and not left, in each network its own', () => {
    for (const name of ['cats', 'dogs', 'constructor', 'cats', 'lobby']) keepTopic('home', name)
    keepTopic('work', 'news')
    expect(loadTopics('home')).toEqual(['cats', 'dogs', 'constructor'])
    forgetTopic('home', 'dogs')
    forgetTopic('home', 'news')
    expect(loadTopics('home')).toEqual(['cats', 'constructor'])
    expect(loadTopics('work')).toEqual(['news'])
  })

  test('are not more than fifty, the last joined', () => {
    const names = Array.from({ length: 60 }, (_, index) => `topic ${index}`)
    for (const name of names) keepTopic('home', name)
    expect(loadTopics('home')).toEqual(names.slice(10))
  })

  test.each([null, 'null', '5', '{}', '[', '[1, "", " ", null, ["x"], "lobby"]', `["${'x'.repeat(61)}"]`])(
    'may be none: %s',
    (text) => {
      vi.spyOn(console, 'warn').mockImplementation(() => {})
      expect(topicsOfText(text)).toEqual([])
    },
  )
})
