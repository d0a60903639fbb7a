/** `kill -9` at any moment: what was acknowledged is there, and of each append all or nothing. */
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { Database } from 'bun:sqlite'
import { serialAt } from '../../../src/core/channel/position.ts'
import { channelRef } from '../../../src/core/types.ts'
import { type HistoryLog } from '../../../src/store/history/history-log.ts'
import { walk } from '../../suite/history-bench.ts'
import { temporaryFolder } from '../../support/server.ts'
import { clockAt } from '../../support/clocks.ts'
import { openUnlimitedHistory } from '../../support/history.ts'

const ROUNDS = 16
const CHANNELS = ['0', '1', '2']

/** Lets a publisher write until so many lines have come, and kills it a moment later. */
async function killedAfter(folder: string, lines: number, waitMs: number): Promise<string[]> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'publisher.ts'), folder], {
    env: { PATH: process.env['PATH'] ?? '' },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  let text = ''
  let isKilled = false
  const decoder = new TextDecoder()
  for await (const chunk of child.stdout) {
    text += decoder.decode(chunk, { stream: true })
    if (isKilled || text.split('\n').length <= lines) continue
    isKilled = true
    void Bun.sleep(waitMs).then(() => child.kill('SIGKILL'))
  }
  await child.exited
  expect(child.signalCode).toBe('SIGKILL')
  // A line may have been cut by the kill.
  return text.split('\n').slice(0, -1)
}

/** Every append since a time that is in the history, as the publisher would have told it; fails on one that is torn. */
function wholeAppends(log: HistoryLog, start: number): Set<string> {
  const found = new Set<string>()
  for (const name of CHANNELS) {
    const channel = channelRef('app', name)
    const page = { direction: 'forwards' as const, limit: 500, start }
    const messages = walk((part) => log.messages(channel, part), page)
    const byPosition = Map.groupBy(messages, ({ serial }) => serial.slice(0, -4))
    for (const [position, together] of byPosition) {
      const serials = together.map((_, index) => serialAt(position, index))
      expect(together.map(({ serial }) => serial)).toEqual(serials)
      expect(together.map((message) => message.name)).toEqual(
        together.map(() => String(together.length)),
      )
      const [first] = together
      expect(first).toMatchObject({ action: 'update', summary: '{}' })
      expect(log.versions(channel, first!.serial, page).items).toHaveLength(2)
      expect(log.annotations(channel, first!.serial, page).items).toHaveLength(1)
      found.add(`${position} ${name} ${together.length}`)
    }
  }
  return found
}

/** Opens the history as the next start would, and looks for what was acknowledged. */
function check(folder: string, acknowledged: readonly string[], start: number): void {
  const log = openUnlimitedHistory(
    folder,
    clockAt(() => Date.now()),
  )
  try {
    const found = wholeAppends(log, start)
    expect(acknowledged.filter((line) => !found.has(line))).toEqual([])
    const latest = log.latestPosition() ?? ''
    expect(Array.from(found).every((line) => line.split(' ')[0]! <= latest)).toBe(true)
  } finally {
    log.close()
  }
}

test(`nothing acknowledged is lost in ${ROUNDS} kills under load`, async () => {
  const folder = temporaryFolder()
  const acknowledged: string[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = Date.now()
    const lines = await killedAfter(folder.path, 1 + ((round * 37) % 150), round % 5)
    expect(lines.length).toBeGreaterThan(0)
    acknowledged.push(...lines)
    check(folder.path, lines, startedAt)
  }
  check(folder.path, acknowledged, 0)
  expect(new Set(acknowledged).size).toBe(acknowledged.length)
  const database = new Database(join(folder.path, 'history.db'))
  expect(database.query('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
  database.close()
  folder.remove()
})
