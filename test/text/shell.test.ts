/** Words that a shell takes for one, and for nothing else. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { shellQuoted, shellWord } from '../../src/text/shell.ts'

test.each([
  ['/var/lib/latchkey', '/var/lib/latchkey'],
  ['/srv/my data', "'/srv/my data'"],
  ["it's", "'it'\\''s'"],
  ['$(reboot)', "'$(reboot)'"],
  ['', "''"],
  ['a\nb', "'a\nb'"],
])('%j is written %s', (text, word) => {
  expect(shellWord(text)).toBe(word)
})

test('a shell reads back what was meant', () => {
  const texts = fc.sample(fc.string({ unit: 'grapheme', maxLength: 12 }), 200)
  texts.push("'", "''", '"', '\\', '`id`', '$HOME', '~', '-n', '*', '!', '#', '\n')
  // No argument of a program may hold it.
  const meant = texts.map((text) => text.replaceAll('\0', ''))
  for (const quote of [shellWord, shellQuoted]) {
    const words = meant.map(quote).join(' ')
    const { stdout } = Bun.spawnSync(['sh', '-c', `printf '%s\\0' ${words}`])
    expect(stdout.toString().split('\0').slice(0, -1)).toEqual(meant)
  }
})
