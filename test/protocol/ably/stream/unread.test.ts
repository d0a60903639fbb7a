/** A stream over HTTP that nobody reads. */
import { expect, test } from 'bun:test'
import { EventStream } from '../../../../src/protocol/ably/stream/event-stream.ts'

const IDLE_MS = 28_000

function opened() {
  const ended: string[] = []
  const state = { now: 5000 }
  const stream = new EventStream({
    id: 1,
    address: '127.0.0.1',
    origin: null,
    secure: false,
    base: '',
    style: 'lines',
    hasHeartbeats: false,
    maxBacklogBytes: 100_000,
    credentials: { credential: undefined, clientId: undefined },
    // The principal is not used here.
    principal: undefined as never,
    now: () => state.now,
    punish: () => undefined,
    onTaken: () => undefined,
    onEnd: (_, reason) => ended.push(reason),
  })
  const reader = stream.open().getReader()
  /** Does what a tick of all streams does. */
  const pass = (seconds: number, each = () => {}) => {
    for (let second = 0; second < seconds; second++) {
      each()
      state.now += 1000
      stream.endUnread(IDLE_MS)
    }
  }
  return { ended, pass, reader, stream }
}

test('ends when nothing is read for the idle timeout', () => {
  const { ended, pass, stream } = opened()
  pass(60)
  expect(ended).toEqual([])
  pass(27, () => stream.send('x'))
  expect(ended).toEqual([])
  pass(1)
  expect(ended).toEqual(['idle'])
})

test('stays while anything is read', async () => {
  const { ended, pass, reader, stream } = opened()
  for (let round = 0; round < 6; round++) {
    pass(20, () => stream.send('x'.repeat(100)))
    await reader.read()
  }
  expect(ended).toEqual([])
  expect(stream.waitingBytes).toBeGreaterThan(10_000)
  pass(30)
  expect(ended).toEqual(['idle'])
})
