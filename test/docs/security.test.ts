/** The page about security names existing tests, and one for each promise. */
import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LEVERS } from '../soak/attack/levers.ts'
import { ROOT, readText } from './texts.ts'

const { text } = readText('src/docs/security.md')
/** Rows of its tables, without their heads. */
const promises = Array.from(text.matchAll(/^\| (?!Promise|-)(.+?) +\| (.+?) +\|$/gm), (row) => ({
  promise: row[1]!,
  tests: Array.from(row[2]!.matchAll(/`(test\/\S+?\.test\.ts)`/g), (name) => name[1]!),
}))

test('every promise is tested by files that hold tests', () => {
  // Far fewer would mean that the tables are no longer recognised.
  expect(promises.length).toBeGreaterThan(25)
  for (const { promise, tests } of promises) {
    expect([promise, tests.length > 0]).toEqual([promise, true])
    for (const name of tests) {
      const path = join(ROOT, name)
      expect([name, existsSync(path)]).toEqual([name, true])
      expect(readFileSync(path, 'utf8')).toMatch(/\b(test|soak|describe)\b.*\(/)
    }
  }
})

test('the attacker has the levers that the page names', () => {
  const lines = Array.from(
    text.matchAll(/^bun test\/soak\/attacker\.ts(.*)$/gm),
    (line) => line[1]!,
  )
  expect(lines.length).toBeGreaterThan(0)
  const words = lines.flatMap((line) =>
    line
      .replace(/--\S+ \S+/g, '')
      .split(' ')
      .filter(Boolean),
  )
  expect(words.length).toBeGreaterThan(0)
  for (const word of words)
    expect([word, LEVERS.some(({ name }) => name.startsWith(word))]).toEqual([word, true])
})
