/** Words for a shell keep any text. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseTarget } from '../../src/ops/doctor/target.ts'
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

test('a shell reads back the original text', () => {
  const texts = fc.sample(fc.string({ unit: 'grapheme', maxLength: 12 }), 200)
  texts.push("'", "''", '"', '\\', '`id`', '$HOME', '~', '-n', '*', '!', '#', '\n')
  // A program argument cannot contain NUL.
  const meant = texts.map((text) => text.replaceAll('\0', ''))
  for (const quote of [shellWord, shellQuoted]) {
    const words = meant.map(quote).join(' ')
    const { stdout } = Bun.spawnSync(['sh', '-c', `printf '%s\\0' ${words}`])
    expect(stdout.toString().split('\0').slice(0, -1)).toEqual(meant)
  }
})

test('addresses in commands and configurations that doctor shows cannot end a word', () => {
  expect(parseTarget("https://my.host/a;b{c}'d`e$f")?.path).toBe('/a%3Bb%7Bc%7D%27d%60e%24f')
  for (const host of ["a'b.host", 'a$(id).host', 'a`id`.host', 'a;b.host', 'a&b.host'])
    expect(parseTarget(`https://${host}/`)).toBeUndefined()
  for (const host of ['my.host', 'my-host_1', '127.0.0.1:8080', '[::1]:80', 'b\u00FCcher.example'])
    expect(parseTarget(`wss://${host}/`)).toBeDefined()
})
