/** What holds for every source file: how it begins, how long it is, and what only few may use. */
import { describe, expect, test } from 'bun:test'
import { sourceFiles } from './support/imports.ts'

const files = sourceFiles()

describe('files', () => {
  test('only main.ts ends the process', () => {
    const ending = files.filter(({ code }) => /\bprocess\s*\.\s*(exit|abort|kill)\b/.test(code))
    expect(ending.map((file) => file.path)).toEqual(['main.ts'])
  })

  test('only main.ts reads the environment and the arguments', () => {
    const reading = files.filter(({ code }) => /\bprocess\s*\.\s*(env|argv)\b/.test(code))
    expect(reading.map((file) => file.path)).toEqual(['main.ts'])
  })

  test('each begins with its purpose, has a telling name, and is short', () => {
    for (const { path, text } of files) {
      expect(path).toMatch(/^([a-z]+(-[a-z]+)*\/)*[a-z][a-z0-9]*(-[a-z]+)*(\.config)?\.tsx?$/)
      expect(path).not.toMatch(/(index|utils?|helpers?|misc|common)\.tsx?$/)
      expect({ path, opens: /^(#!.*\n)?\/\*\*/.test(text) }).toEqual({ path, opens: true })
      expect({ path, lines: text.split('\n').length <= 500 }).toEqual({ path, lines: true })
    }
  })

  test('settings are written in transactions of the ledger, and in no others', () => {
    // Besides the files' own: how their tables are made, and the file of histories.
    const rooms = /^store\/(ledger\/|history\/|sqlite-file\.ts$)/
    const beginning = /\.transaction\s*\(|['"`](BEGIN|SAVEPOINT)\b/i
    const own = files.filter(({ code }) => beginning.test(code)).map(({ path }) => path)
    expect(own.filter((path) => !rooms.test(path))).toEqual([])
    expect(own).toContain('store/ledger/transactions.ts')
  })

  test('tables are written by services, never by what calls them', () => {
    const callers = /^(api|cli|dashboard|protocol|transport|ops)\//
    const wrong = files.flatMap(({ path, imports }) =>
      imports
        .filter(({ from }) => callers.test(path) && /^store\/(tables|ledger|schema)/.test(from))
        .map(({ from }) => `${path} → ${from}`),
    )
    expect(wrong).toEqual([])
  })

  test('rules get clock and randomness from outside', () => {
    const rooms = /^(policy|core|engine|fanout|protocol|service|transport|api|dashboard\/pages)\//
    const own = files.filter(
      ({ path, code }) =>
        rooms.test(path) && /\bDate\b|\bperformance\b|Math\s*\.\s*random|getRandom/.test(code),
    )
    expect(own.map((file) => file.path)).toEqual(['core/clock.ts'])
  })
})
