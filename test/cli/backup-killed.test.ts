/** `latchkey backup create`, killed at any moment, leaves a whole backup or none, and never the half of one. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { existsSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { channelRef } from '../../src/core/types.ts'
import { Entries, NOW } from '../suite/history-entries.ts'
import { beginFolder, MAIN, temporaryFolder } from '../support/server.ts'
import { run } from './process.ts'
import { clockAt } from '../support/clocks.ts'
import { openUnlimitedHistory } from '../support/history.ts'

const folder = temporaryFolder()
const data = join(folder.path, 'data')
const shelf = join(folder.path, 'shelf')
const file = join(shelf, 'one.backup')
const backup = (verb: string) => run(['backup', verb, file, '--data', data])

beforeAll(async () => {
  beginFolder(data)
  const log = openUnlimitedHistory(
    data,
    clockAt(() => NOW),
  )
  // Enough data that copying takes a while.
  const entries = new Entries()
  for (let i = 0; i < 300; i++)
    void log.append(channelRef('app', 'channel'), [entries.message({ data: 'x'.repeat(50_000) })])
  log.close()
  await run(['backup', 'create', join(folder.path, 'make-folder'), '--data', data])
})
afterAll(() => folder.remove())

/** Kills the command as soon as there is a file whose name says so. */
async function killAt(isTime: (names: readonly string[]) => boolean): Promise<void> {
  rmSync(shelf, { recursive: true, force: true })
  await Bun.$`mkdir ${shelf}`
  const argv = ['backup', 'create', file, '--data', data]
  const child = Bun.spawn([process.execPath, MAIN, ...argv], {
    stdout: 'ignore',
    stderr: 'ignore',
  })
  while (!isTime(readdirSync(shelf)) && child.exitCode === null) await Bun.sleep(0)
  child.kill('SIGKILL')
  await child.exited
}

const MOMENTS: readonly [string, (names: readonly string[]) => boolean][] = [
  ['while the settings are copied', (names) => names.some((name) => name.endsWith('.new'))],
  [
    'while the history is copied',
    (names) => names.some((name) => /\.history\.\d+\.new$/.test(name)),
  ],
  ['when the history is in its place', (names) => names.includes('one.backup.history')],
  ['when the settings are in their place', (names) => names.includes('one.backup')],
]

test.each(MOMENTS)('%s', async (_name, isTime) => {
  await killAt(isTime)
  const { code, out, err } = await backup('verify')
  if (existsSync(file)) {
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('300 entries') })
  } else {
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('does not exist') })
  }
})

test('a backup whose history file is missing fails verification', async () => {
  rmSync(shelf, { recursive: true, force: true })
  await Bun.$`mkdir ${shelf}`
  expect((await backup('create')).code).toBe(0)
  rmSync(`${file}.history`)
  for (const verb of ['verify', 'restore']) {
    const { code, err } = await backup(verb)
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('history is missing') })
  }
})

test('a backup made without history passes verification', async () => {
  rmSync(file)
  const { code } = await run(['backup', 'create', file, '--data', data, '--without-history'])
  expect(code).toBe(0)
  expect((await backup('verify')).out).toContain('no history')
})

test('leftovers of a killed backup are removed by the next one', async () => {
  rmSync(file)
  const left = `${file}.4242.new`
  const recent = `${file}.4243.new`
  for (const path of [left, recent]) writeFileSync(path, 'x')
  utimesSync(left, new Date(0), new Date(0))
  expect((await backup('create')).code).toBe(0)
  expect([existsSync(left), existsSync(recent)]).toEqual([false, true])
})
