/** The short way to write an ACK writes what the long one does. */
import { expect, test } from 'bun:test'
import type { Acknowledgement } from '../../../../../src/protocol/ably/realtime/acknowledging/ack-queue.ts'
import {
  ackText,
  acknowledgement,
} from '../../../../../src/protocol/ably/realtime/session/protocol-messages.ts'
import { failure } from '../../../../../src/failure.ts'

const SERIAL = '01826232498871-000@aB3xK9pQ2r:000'

function ack(serial: number, ...serials: (readonly (string | null)[])[]): Acknowledgement {
  return { serial, outcomes: serials.map((own) => ({ ok: true, serials: own })) }
}

function longWay(ready: Acknowledgement): string {
  return JSON.stringify(
    acknowledgement(ready, () => {
      throw new Error('an ACK has no error')
    }),
  )
}

test.each([
  ['the first frame', ack(0, [SERIAL])],
  ['several frames', ack(7, [SERIAL], [SERIAL.replace(':000', ':001')], [SERIAL])],
])('of %s', (_, ready) => {
  expect(ackText(ready)).toBe(longWay(ready))
})

test.each<[string, Acknowledgement]>([
  ['presence, which has no serials', ack(1, [])],
  ['several messages in one frame', ack(1, [SERIAL, SERIAL])],
  ['what was answered long ago', ack(1, [null])],
  ['a refusal', { serial: 1, outcomes: [{ ok: false, failure: failure('rate_limited') }] }],
])('but not of %s', (_, ready) => {
  expect(ackText(ready)).toBeUndefined()
})
