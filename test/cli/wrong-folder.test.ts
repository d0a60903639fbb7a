/** Commands in a folder that is no server's: they say so, fail, and leave the folder as it was. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commands } from '../../src/cli/cli.ts'
import type { Command } from '../../src/cli/command.ts'
import { temporaryFolder } from '../support/server.ts'
import { run } from './process.ts'

let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(() => folder.remove())

/** These need no data folder, or say what is wrong with one. */
const ELSEWHERE = new Set(['config check', 'config show', 'doctor', 'version', 'backup restore'])
/** What a command asks for beside its arguments. */
const ASKED: Readonly<Record<string, readonly string[]>> = {
  'connections disconnect': ['--channel', 'lobby'],
}

const needsData = commands.filter(
  ({ begins, isServer, name }) => !begins && !isServer && !ELSEWHERE.has(name),
)
const argvOf = ({ name, positionals }: Command) => [
  ...name.split(' '),
  ...positionals.filter((word) => !word.startsWith('[')).map((word) => word.toLowerCase()),
  ...(ASKED[name] ?? []),
]

test('finds the commands that need a data folder', () => {
  expect(needsData.length).toBeGreaterThan(25)
})

describe.each(needsData.map((command) => [command.name, command] as const))('%s', (_, command) => {
  test('fails in an empty or missing folder, and creates nothing', async () => {
    writeFileSync(join(folder.path, 'notes.txt'), 'mine')
    const missing = join(folder.path, 'missing')
    for (const data of [folder.path, missing]) {
      const { code, out, err } = await run([...argvOf(command), '--data', data])
      expect([code, out]).toEqual([1, ''])
      expect(err.trim().split('\n')).toHaveLength(1)
      if (command.name !== 'backup verify') expect(err).toContain(data)
      const asJson = await run([...argvOf(command), '--data', data, '--json'])
      expect([asJson.code, asJson.out]).toEqual([1, ''])
      expect(JSON.parse(asJson.err)).toEqual({ error: expect.any(String) })
    }
    expect(readdirSync(folder.path)).toEqual(['notes.txt'])
  })
})

describe.each(commands.filter(({ begins }) => begins).map((command) => [command.name, command]))(
  '%s',
  (_, command) => {
    test('creates a data folder', async () => {
      const data = join(folder.path, 'new')
      const { code, err } = await run([...argvOf(command as Command), '--data', data])
      expect([code, err]).toEqual([0, ''])
      expect(existsSync(join(data, 'latchkey.db'))).toBe(true)
    })
  },
)

test('no command works on a server in memory', async () => {
  const { code, err } = await run(['keys', 'list'], { LATCHKEY_IN_MEMORY: 'true' })
  expect(code).toBe(1)
  expect(err).toContain('--in-memory is for servers')
})
