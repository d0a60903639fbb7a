/** What the README, the pages and the deployment files tell people to type exists. */
import { expect, test } from 'bun:test'
import { COMMON_OPTIONS } from '../../src/cli/arguments.ts'
import { commands } from '../../src/cli/cli.ts'
import type { Command } from '../../src/cli/command.ts'
import { settings } from '../../src/config.ts'
import { type FailureName, failure } from '../../src/failure.ts'
import { type Text, allTexts, codeSpans, commandOf, mentions, pages, readText } from './texts.ts'

const settingFlags = settings.map(({ flag }) => flag).filter((flag) => flag !== undefined)
const ownFlags = (command: Command) => command.options.map(({ name }) => name)

function flagsOf(command: Command): Set<string> {
  const taken = command.settings === 'all' ? settingFlags : ['data']
  return new Set([...taken, ...ownFlags(command), ...COMMON_OPTIONS.map(({ name }) => name)])
}

function isKnown(flag: string, known: ReadonlySet<string>): boolean {
  return known.has(flag) || (flag.startsWith('no-') && known.has(flag.slice(3)))
}

function flagsIn(words: readonly string[]): string[] {
  return words
    .filter((word) => word.startsWith('--'))
    .map((word) => word.slice(2).replace(/=.*$/, ''))
}

test('every command that is mentioned exists, with its options', () => {
  const found = allTexts.flatMap(mentions)
  // Far fewer would mean that the mentions are no longer recognised.
  expect(found.length).toBeGreaterThan(60)
  const faults = found.flatMap(({ where, line, words }) => {
    const command = commandOf(words)
    if (!command) return [`${where}: no such command: latchkey ${line}`]
    const known = flagsOf(command)
    return flagsIn(words)
      .filter((flag) => !isKnown(flag, known))
      .map((flag) => `${where}: latchkey ${command.name} has no --${flag}`)
  })
  expect(faults).toEqual([])
})

test('every command is described on the page of the command line', () => {
  const page = readText('src/docs/cli.md')
  const shown = new Set(mentions(page).map(({ words }) => commandOf(words)?.name))
  const missing = commands.map(({ name }) => name).filter((name) => !shown.has(name))
  expect(missing).toEqual([])
})

test('every option in a code span exists', () => {
  const known = new Set([
    ...settingFlags,
    ...commands.flatMap((command) => Array.from(flagsOf(command))),
  ])
  // An option of the build, not of the executable.
  known.add('target')
  // What contributors type has a test of its own.
  const texts = allTexts.filter(({ name }) => name !== 'src/docs/contributing.md')
  const faults = texts.flatMap((text) =>
    codeSpans(text)
      .filter((span) => span.startsWith('--'))
      .flatMap((span) => flagsIn(span.split(/\s+/)))
      .filter((flag) => !isKnown(flag, known))
      .map((flag) => `${text.name}: --${flag}`),
  )
  expect(faults).toEqual([])
})

test('every LATCHKEY_ variable exists', () => {
  const known = new Set(settings.map(({ variable }) => variable))
  const faults = allTexts.flatMap(({ name, text }) =>
    [...text.matchAll(/LATCHKEY_[A-Z_]*[A-Z]/g)]
      .map((match) => match[0])
      .filter((variable) => !known.has(variable))
      .map((variable) => `${name}: ${variable}`),
  )
  expect(faults).toEqual([])
})

test('every code of an error exists', () => {
  const codesOf = (text: Text) => codeSpans(text).filter((span) => /^[a-z]+(_[a-z]+)+$/.test(span))
  const listed = pages
    .filter(({ name }) => /(clients|push|limits|access)\.md$/.test(name))
    .flatMap(codesOf)
  expect(listed.length).toBeGreaterThan(30)
  for (const code of listed) expect(failure(code as FailureName).name).toBe(code as FailureName)
})
