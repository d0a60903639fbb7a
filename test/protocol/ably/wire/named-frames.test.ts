/** Frames of a channel under several names are encoded once. */
import { expect, test } from 'bun:test'
import type { Publication } from '../../../../src/core/types.ts'
import { publicationFrame } from '../../../../src/protocol/ably/wire/frames.ts'
import { parse, unpack } from '../../../../src/protocol/ably/wire/format.ts'
import { NamedFrames } from '../../../../src/protocol/ably/wire/named-frames.ts'

const event = (data: string): Publication => ({
  kind: 'publication',
  position: 'p',
  id: 'c1:0',
  connectionId: 'c1',
  timestamp: 5,
  messages: [
    {
      id: 'c1:0:0',
      name: 'n',
      data,
      encoding: undefined,
      clientId: undefined,
      connectionId: 'c1',
      extras: undefined,
      timestamp: 5,
      serial: 'p:000',
      action: 'create',
      version: { serial: 'p:000', timestamp: 5 },
      summary: undefined,
    },
  ],
})

const FORMATS = ['json', 'msgpack'] as const
const NAMES = ['[?x=1]room', '[?x="2\\"]röom', `[?${'x'.repeat(300)}]room`, 'room']

test('a frame under another name equals one made for it', () => {
  const frames = new NamedFrames()
  for (const one of [event('a'), event('b')]) {
    for (const name of NAMES) {
      for (const format of FORMATS) {
        const made = frames.of({ event: one, content: undefined, format }, name, () =>
          publicationFrame(one, undefined, format),
        )
        const read = (frame: string | Uint8Array) => {
          const value = typeof frame === 'string' ? parse(frame) : unpack(frame)
          if (!value.ok) throw new Error(value.failure.message)
          return value.value
        }
        expect(read(made)).toEqual(read(publicationFrame(one, name, format)))
      }
    }
  }
})

test('a frame is made once for each event, content and format', () => {
  const frames = new NamedFrames()
  const [first, second] = [event('a'), event('b')]
  let made = 0
  const ask = (one: Publication, content: unknown) => {
    for (const format of FORMATS)
      for (const name of NAMES)
        frames.of({ event: one, content, format }, name, () => {
          made++
          return publicationFrame(one, undefined, format)
        })
  }
  ask(first, undefined)
  expect(made).toBe(2)
  ask(first, first.messages)
  ask(second, undefined)
  expect(made).toBe(6)
})
