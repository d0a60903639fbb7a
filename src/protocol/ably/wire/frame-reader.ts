/** Reads protocol messages of clients, without the entries in them. Never throws. */
import type { Frame } from '../../../core/types.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import { ACTION } from './actions.ts'
import { parseEntries, textOf, unpack, unpackEntries } from './format.ts'
import { isRecord } from './json-value.ts'
import { hasExactNumbers } from './objects/exact-numbers.ts'

/** Parameters by name. */
export type Params = ReadonlyMap<string, string>

/** A frame that is acknowledged by its `msgSerial`. */
interface Publishing {
  readonly channel: string
  readonly msgSerial: number
}

export type ClientFrame =
  | { readonly kind: 'heartbeat'; readonly id: string | undefined }
  | { readonly kind: 'disconnect' }
  | { readonly kind: 'close' }
  | {
      readonly kind: 'attach'
      readonly channel: string
      /** The serial up to which the client has received everything. */
      readonly channelSerial: string | undefined
      readonly flags: number
      readonly params: Params
    }
  | { readonly kind: 'detach'; readonly channel: string }
  | { readonly kind: 'sync'; readonly channel: string; readonly channelSerial: string | undefined }
  | { readonly kind: 'auth'; readonly accessToken: string | undefined }
  | (Publishing & {
      readonly kind: 'message'
      /** Entries for `readMessages`. */
      readonly messages: unknown
      readonly params: Params
    })
  /** Entries for `readPresence`. */
  | (Publishing & { readonly kind: 'presence'; readonly presence: unknown })
  /** Entries for `readAnnotations`. */
  | (Publishing & { readonly kind: 'annotation'; readonly annotations: unknown })
  | (Publishing & {
      readonly kind: 'object'
      /** Entries for `readObjectMessages`. */
      readonly state: unknown
      /** Whether it says numbers more exactly than doubles can. */
      readonly isInexact: true | undefined
    })
  /** An unknown action, to be ignored (RTF1). */
  | { readonly kind: 'unknown'; readonly action: number }

/** The opening brace, which in MessagePack would be a number, and so no protocol message. */
const JSON_START = 0x7b

/**
 * The frame itself says what it is: ably-java may send the one format over a connection that it opened for the other,
 * and always sends JSON as bytes.
 * @returns `bad_request` for what is no protocol message, or one of which a member is not what it has to be
 */
export function readFrame(frame: Frame): Result<ClientFrame> {
  const value = decoded(frame)
  return value.ok ? readProtocolMessage(value.value, frame) : value
}

function decoded(frame: Frame): Result<unknown> {
  if (typeof frame === 'string') return parseEntries(frame)
  if (frame[0] !== JSON_START) return unpacked(frame)
  const text = textOf(frame)
  return text.ok ? parseEntries(text.value) : text
}

/** Operations on objects have members of the same names that hold bytes, so nothing of them is held as text. */
function unpacked(frame: Uint8Array): Result<unknown> {
  const held = unpackEntries(frame)
  const isObject = held.ok && isRecord(held.value) && held.value['action'] === ACTION.OBJECT
  return isObject ? unpack(frame) : held
}

/** Reads a protocol message that has been decoded already. @param frame from which, where there is one of its own */
export function readProtocolMessage(value: unknown, frame?: Frame): Result<ClientFrame> {
  if (!isRecord(value)) return fail('bad_request', 'a protocol message is an object')
  // Absent counts as zero, because some SDKs leave out zeros.
  const action = value['action'] ?? ACTION.HEARTBEAT
  if (typeof action !== 'number')
    return fail('bad_request', 'the action of a protocol message is a number')
  switch (action) {
    case ACTION.HEARTBEAT:
      return ok({ kind: 'heartbeat', id: textIn(value['id']) })
    case ACTION.DISCONNECT:
      return ok({ kind: 'disconnect' })
    case ACTION.CLOSE:
      return ok({ kind: 'close' })
    case ACTION.AUTH:
      return ok({ kind: 'auth', accessToken: tokenOf(value['auth']) })
    case ACTION.ATTACH:
    case ACTION.DETACH:
    case ACTION.SYNC:
      return readForChannel(action, value)
    case ACTION.MESSAGE:
    case ACTION.PRESENCE:
    case ACTION.ANNOTATION:
    case ACTION.OBJECT:
      return readPublishing(action, value, frame)
    default:
      return ok({ kind: 'unknown', action })
  }
}

type Members = Readonly<Record<string, unknown>>

function lowerBits(flags: number | bigint): number {
  return typeof flags === 'bigint' ? Number(BigInt.asIntN(32, flags)) : flags | 0
}

function readForChannel(action: number, value: Members): Result<ClientFrame> {
  const channel = channelOf(value)
  if (!channel.ok) return channel
  const name = channel.value
  if (action === ACTION.DETACH) return ok({ kind: 'detach', channel: name })
  const channelSerial = textIn(value['channelSerial'])
  if (action === ACTION.SYNC) return ok({ kind: 'sync', channel: name, channelSerial })
  const flags = value['flags'] ?? 0
  if (!Number.isInteger(flags) && typeof flags !== 'bigint')
    return fail('bad_request', 'flags are a whole number')
  const params = paramsOf(value['params'])
  // Bits beyond 32 have no meaning and are dropped.
  return ok({
    kind: 'attach',
    channel: name,
    channelSerial,
    flags: lowerBits(flags as number | bigint),
    params,
  })
}

function readPublishing(
  action: number,
  value: Members,
  frame: Frame | undefined,
): Result<ClientFrame> {
  const channel = channelOf(value)
  if (!channel.ok) return channel
  const { msgSerial } = value
  if (!Number.isSafeInteger(msgSerial) || (msgSerial as number) < 0)
    return fail('bad_request', 'a publish has a msgSerial, which is a whole number')
  const name = channel.value
  const serial = msgSerial as number
  if (action === ACTION.MESSAGE) {
    const { messages } = value
    const params = paramsOf(value['params'])
    return ok({ kind: 'message', channel: name, msgSerial: serial, messages, params })
  }
  const publishing = { channel: name, msgSerial: serial }
  switch (action) {
    case ACTION.PRESENCE:
      return ok({ kind: 'presence', ...publishing, presence: value['presence'] })
    case ACTION.ANNOTATION:
      return ok({ kind: 'annotation', ...publishing, annotations: value['annotations'] })
    default: {
      const isInexact = typeof frame === 'string' && !hasExactNumbers(frame) ? true : undefined
      return ok({ kind: 'object', ...publishing, state: value['state'], isInexact })
    }
  }
}

/** A missing channel name counts as empty, which is refused like any other bad name. */
function channelOf({ channel = null }: Members): Result<string> {
  if (channel === null) return ok('')
  return typeof channel === 'string'
    ? ok(channel)
    : fail('bad_request', 'the channel of a protocol message is a text')
}

/** A text that is not empty. */
function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function tokenOf(auth: unknown): string | undefined {
  return isRecord(auth) ? textIn(auth['accessToken']) : undefined
}

const NO_PARAMS: Params = new Map()

/** Parameter values as text: numbers and booleans are converted, others are dropped. */
function paramsOf(value: unknown): Params {
  if (!isRecord(value)) return NO_PARAMS
  const params = new Map<string, string>()
  for (const name in value) {
    const param = value[name]
    if (typeof param === 'string') params.set(name, param)
    else if (typeof param === 'number' || typeof param === 'boolean') params.set(name, `${param}`)
  }
  return params
}
