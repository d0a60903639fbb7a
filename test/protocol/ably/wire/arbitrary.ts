/** What fast-check makes of messages, presence and annotations: as channels keep them, and as clients might send them. */
import fc from 'fast-check'
import type { Annotation, KeptMessage, PresenceMessage } from '../../../../src/core/types.ts'
import { pack, unpackEntries } from '../../../../src/protocol/ably/wire/format.ts'

/** As readers of entries receive it. */
export function asSent(value: unknown): unknown {
  const read = unpackEntries(pack(value))
  if (!read.ok) throw new Error(read.failure.name)
  return read.value
}

const text = fc.string({ unit: 'grapheme', maxLength: 20 })
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
const timestamp = fc.integer({ min: 1, max: 2 ** 45 })
const serial = fc.string({ unit: fc.constantFrom(...'0123456789abc@-:'), minLength: 1 })
const jsonText = fc.json({ maxDepth: 3 }).map((json) => JSON.stringify(JSON.parse(json)))
// The client takes a key `__proto__` in MessagePack for what objects inherit from.
const key = name.filter((made) => made !== '__proto__')
const scalar = fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null))
const object = fc
  .dictionary(key, fc.oneof(scalar, fc.array(scalar), fc.dictionary(key, scalar)), { maxKeys: 3 })
  .map((value) => JSON.stringify(value))

const absent = fc.constant(undefined)
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.oneof(absent, arbitrary)

const merged = <A, B>([a, b]: [A, B]): A & B => ({ ...a, ...b })

/** Data with an encoding that clients can undo. */
export const payload: fc.Arbitrary<Pick<KeptMessage, 'data' | 'encoding'>> = fc.oneof(
  fc.record({ data: absent, encoding: absent }),
  fc.record({ data: text, encoding: absent }),
  fc.record({ data: fc.uint8Array({ maxLength: 40 }), encoding: absent }),
  fc.record({ data: jsonText, encoding: fc.constant('json') }),
  fc.record({
    data: text.map((value) => new TextEncoder().encode(value)),
    encoding: fc.constant('utf-8'),
  }),
  fc.record({
    data: jsonText.map((value) => new TextEncoder().encode(value)),
    encoding: fc.constant('json/utf-8'),
  }),
)

/** Many messages are as they were created, in all that makes a version or in some of it. */
function asKept<A, B extends { serial: string; timestamp: number }, C, D>([
  data,
  rest,
  details,
  version,
]: [A, B, C, D | undefined]) {
  const created = { serial: rest.serial, timestamp: rest.timestamp }
  return { ...data, ...rest, version: { ...created, ...details, ...version } }
}

export const message: fc.Arbitrary<KeptMessage> = fc
  .tuple(
    payload,
    fc.record({
      id: name,
      name: maybe(text),
      clientId: maybe(name),
      connectionId: maybe(name),
      extras: maybe(object),
      timestamp,
      serial,
      action: fc.constantFrom('create', 'update', 'delete', 'append', 'summary', 'meta'),
      summary: maybe(fc.constant('{"like:flag.v1":{"total":1,"clientIds":["a"],"clipped":false}}')),
    }),
    maybe(fc.record({ clientId: maybe(name), description: maybe(text), metadata: maybe(object) })),
    maybe(fc.record({ serial, timestamp })),
  )
  .map(asKept)

export const presence: fc.Arbitrary<PresenceMessage> = fc
  .tuple(
    payload,
    fc.record({
      action: fc.constantFrom('present', 'enter', 'leave', 'update'),
      id: name,
      clientId: name,
      connectionId: name,
      extras: maybe(object),
      timestamp,
    }),
  )
  .map(merged)

export const annotation: fc.Arbitrary<Annotation> = fc
  .tuple(
    payload,
    fc.record({
      action: fc.constantFrom('create', 'delete'),
      id: name,
      serial,
      messageSerial: serial,
      type: name,
      name: maybe(text),
      clientId: maybe(name),
      count: maybe(fc.integer({ min: 1 })),
      extras: maybe(object),
      timestamp,
    }),
  )
  .map(merged)

const NAMES = [
  'id,name,data,encoding,clientId,connectionId,connectionKey,extras,action,serial,version,type',
  'messageSerial,count,headers,ephemeral,delta,metadata,__proto__,constructor,toString,length',
].flatMap((line) => line.split(','))

/** Anything that can come out of a frame, with names that mean something. */
export const anything: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, undefined, true, '', '*', 'json', 'base64', 'a:0', 'a:1', 0, 1, 2, 5),
    fc.string(),
    fc.double(),
    fc.uint8Array({ maxLength: 5 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...NAMES), tie('value'), { maxKeys: 8 }),
  ),
})).value
