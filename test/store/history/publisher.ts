/**
 * A process that is to be killed: appends under load to the history of a folder, and prints a line for each
 * append that was acknowledged: its position, its channel, and how many messages it had.
 */
import { writeSync } from 'node:fs'
import { PositionSource, serialAt } from '../../../src/core/channel/position.ts'
import { type KeptMessage, channelRef } from '../../../src/core/types.ts'
import { clockAt } from '../../support/clocks.ts'
import { openUnlimitedHistory } from '../../support/history.ts'

const clock = clockAt(() => Date.now())
const log = openUnlimitedHistory(process.argv[2]!, clock)
const positions = new PositionSource(clock, 'site', log.latestPosition())

/** Several messages of different sizes; the first is then changed and annotated in the same append. */
function publication(position: string, count: number): KeptMessage[] {
  const timestamp = clock.now()
  return Array.from({ length: count }, (_, index) => {
    const serial = serialAt(position, index)
    return {
      id: serial,
      name: String(count),
      data: 'x'.repeat((index * 4000) % 9000),
      encoding: undefined,
      clientId: undefined,
      connectionId: undefined,
      extras: undefined,
      timestamp,
      serial,
      action: 'create',
      version: { serial, timestamp },
      summary: undefined,
    }
  })
}

async function publish(writer: number): Promise<never> {
  for (let round = 1; ; round++) {
    const name = String((writer + round) % 3)
    const position = positions.next()
    const count = 1 + (round % 5)
    const messages = publication(position, count)
    const serial = serialAt(positions.next(), 0)
    const version = { serial, timestamp: clock.now() }
    const changed: KeptMessage = { ...messages[0]!, action: 'update', version }
    const annotation = {
      action: 'create' as const,
      id: serial,
      serial,
      messageSerial: changed.serial,
      type: 'seen:total.v1',
      name: undefined,
      clientId: undefined,
      count: undefined,
      data: undefined,
      encoding: undefined,
      extras: undefined,
      timestamp: clock.now(),
    }
    await log.append(channelRef('app', name), [
      ...messages.map((message) => ({ kind: 'message' as const, message, position })),
      { kind: 'version', message: changed, isListed: true },
      { kind: 'annotation', annotation, message: { ...changed, summary: '{}' } },
    ])
    // At once, and not through a buffer that dies with the process.
    writeSync(1, `${position} ${name} ${count}\n`)
  }
}

await Promise.all(Array.from({ length: 20 }, (_, writer) => publish(writer)))
