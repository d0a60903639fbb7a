/** Delayed frames arrive completely and in order. */
import { expect, test } from 'bun:test'
import { SimulatedLatency } from '../../../../../src/protocol/ably/realtime/session/simulated-latency.ts'

test('without latency a frame is there at once', () => {
  const arrived: unknown[] = []
  const latency = new SimulatedLatency(0, (frame) => arrived.push(frame))
  latency.send('a')
  latency.send('b')
  expect(arrived).toEqual(['a', 'b'])
})

test('frames of a closed client arrive once, before its close', async () => {
  const arrived: unknown[] = []
  const latency = new SimulatedLatency(1, (frame) => arrived.push(frame))
  for (const frame of ['a', 'b', 'a']) latency.send(frame)
  expect(arrived).toEqual([])
  latency.flush()
  expect(arrived).toEqual(['a', 'b', 'a'])
  await new Promise((resolve) => latency.send('last') ?? setTimeout(resolve, 20))
  expect(arrived).toEqual(['a', 'b', 'a', 'last'])
})

test('the delayed frames are bounded', () => {
  const arrived: unknown[] = []
  const latency = new SimulatedLatency(60_000, (frame) => arrived.push(frame))
  const frame = new Uint8Array(1_048_576)
  for (let i = 0; i < 9; i++) latency.send(frame)
  expect(arrived).toHaveLength(9)
})
