/** Members that were present when a server stopped, and how long the next start waits for them. */
import { expect, test } from 'bun:test'
import { startLogs } from '../../src/ops/logs.ts'
import { systemRandomness } from '../../src/core/clock.ts'
import { startServer } from '../../src/server.ts'
import { AblyApp } from '../support/ably-app.ts'
import { ACTION, FrameClient } from '../support/ably.ts'
import { ManualClock } from '../support/clocks.ts'
import { temporaryFolder, testConfig } from '../support/server.ts'

/** Between two tries of an SDK at most, and for a try: `disconnectedRetryTimeout` and `realtimeRequestTimeout` of its options. */
const SLOWEST_RETURN_MS = 30_000 + 10_000

test('restored members stay for as long as the slowest retry of an SDK takes, then leave', async () => {
  const folder = temporaryFolder()
  const clock = new ManualClock()
  const config = testConfig({ data: folder.path, sandbox: 'true', 'drain-seconds': '0' })
  startLogs(config)
  const start = () => startServer(config, { clock, random: systemRandomness })
  const first = await start()
  const app = await AblyApp.make(first.url)
  const query = (clientId: string, more = '') =>
    `key=${app.keys[0]}&v=6&clientId=${clientId}${more}`
  const people: [string, string][] = [
    ['patient', ''],
    ['hasty', '&remainPresentFor=0'],
    ['gone', ''],
  ]
  const members: FrameClient[] = []
  for (const [clientId, more] of people) {
    const member = await FrameClient.connected(app, query(clientId, more))
    await member.attach('room')
    member.send({
      action: ACTION.PRESENCE,
      channel: 'room',
      msgSerial: 0,
      presence: [{ action: 2 }],
    })
    await member.next(ACTION.ACK)
    members.push(member)
  }
  await first.stop()
  clock.advance(5000)
  const second = await start()
  const reader = await FrameClient.connected(second, query('reader'))
  await reader.attach('room')
  const left = () =>
    reader
      .all(ACTION.PRESENCE)
      .flatMap(({ presence }) => presence as { action: number; clientId: string }[])
      .filter(({ action }) => action === 3)
      .map(({ clientId }) => clientId)
  for (let passed = 0; passed < SLOWEST_RETURN_MS; passed += 5000) {
    clock.advance(5000)
    // One tick of the timer wheel in real time, in which nobody may leave.
    await Bun.sleep(300)
  }
  await reader.settled()
  expect(left()).toEqual([])
  for (const [n, member] of members.slice(0, 2).entries()) {
    const more = `${people[n]![1]}&resume=${encodeURIComponent(member.connectionKey)}`
    const back = await FrameClient.connected(second, query(people[n]![0], more))
    expect(back.connectionId).toBe(member.connectionId)
  }
  clock.advance(10_000)
  await reader.until(() => (left().length > 0 ? true : undefined))
  expect(left()).toEqual(['gone'])
  await second.stop()
  folder.remove()
}, 20_000)
