/** Defaults that pages name beside a setting are those of the schema. */
import { expect, test } from 'bun:test'
import { settings } from '../../src/config.ts'
import { pages, readText, readme } from './texts.ts'

const UNITS: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1_048_576 }

const defaultOf = (flag: string) => settings.find((one) => one.flag === flag)?.defaultText

/** Numbers of a text in order, those with a unit of bytes in bytes. */
function numbersIn(text: string): string[] {
  return [...text.matchAll(/(\d[\d,]*)(?: (KiB|MiB))?/g)].map(([, number, unit]) =>
    String(Number(number!.replaceAll(',', '')) * (unit === undefined ? 1 : UNITS[unit]!)),
  )
}

test('are right in brackets behind an option', () => {
  const named = [readme, ...pages].flatMap(({ name, text }) =>
    [...text.matchAll(/`--([a-z-]+)` \((\d[\d,]*)[^)]*\)/g)].map(
      ([, flag, number]) => [name, flag!, number!.replaceAll(',', '')] as const,
    ),
  )
  expect(named.length).toBeGreaterThanOrEqual(3)
  for (const [name, flag, number] of named)
    expect([name, flag, number]).toEqual([name, flag, String(defaultOf(flag))])
})

test('are right in the tables of limits', () => {
  const { text } = readText('src/docs/limits.md')
  const tables = text.split(/\n\n/).filter((part) => /^\| Limit +\| Default/.test(part))
  const rows = tables.flatMap((table) => table.split('\n').slice(2))
  expect(rows.length).toBeGreaterThan(20)
  for (const row of rows) {
    const [, limit, shown] = row.split('|')
    const flags = [...limit!.matchAll(/--([a-z-]+)/g)].map(([, flag]) => flag!)
    const wanted = flags.map((flag) => String(defaultOf(flag)))
    const told = numbersIn(shown!).slice(0, wanted.length)
    // A limit that is off by default has a word and no number.
    if (told.length > 0) expect([limit, ...told]).toEqual([limit, ...wanted])
    else expect([limit, shown!.trim()]).toEqual([limit, 'none'])
  }
})

test('are right in the text of the README', () => {
  const sentence = /By default one address may open .*? connections\. A reader .*? closed\./.exec(
    readme.text,
  )![0]
  const flags = [
    'connection-rate',
    'connection-burst',
    'max-address-connections',
    'message-rate',
    'message-burst',
    'max-message-bytes',
    'max-members',
    'max-connections',
    'max-backlog-bytes',
  ]
  const wanted = flags.map((flag) => String(defaultOf(flag)))
  expect(numbersIn(sentence)).toEqual(wanted)
})
