/** Random lists of entries over all kinds and profiles, as an engine would have them applied one after the other. */
import fc from 'fast-check'
import type { Entry } from '../../../src/core/channel/entry.ts'
import { msText, serialAt } from '../../../src/core/channel/position.ts'
import {
  COMMONS,
  type Member,
  type MessageDraft,
  type PresenceDraft,
  newMessage,
} from '../../../src/core/types.ts'
import type { ObjectDraft, ObjectOperation } from '../../../src/core/objects/operation.ts'
import { type AccessDecision, decideJoin } from '../../../src/policy/channel-access.ts'
import type { Keys } from '../../../src/policy/channel-keys.ts'
import { relayedJson } from '../../../src/policy/relayed-json.ts'

export interface Step {
  readonly realm: string
  readonly name: string
  readonly entry: Entry
  readonly timestamp: number
}

export const START = 1_700_000_000_000
const HOUR = 3_600_000
const SITE = '@site'
/** So that sets get full, and messages too long. */
const LIMITS = { maxMembers: 3, maxBytes: 3000 }
const MAX_BYTES = 40

/** A channel of an app, one that members of the commons are on too, and one of the commons. */
const CHANNELS = [
  ['app', 'room'],
  ['app', 'linked'],
  [COMMONS, 'lobby'],
] as const

/** The positions of an entry that is applied at a time, of which no other has the same. */
export function positionAt(timestamp: number, count: number): string {
  return `${msText(timestamp)}-${String(count).padStart(3, '0')}${SITE}`
}

const few = (prefix: string) => fc.nat(3).map((n) => `${prefix}${n}`)
const clientId = few('client')
const connectionId = few('connection')
const repeatId = fc.option(few('repeated'), { nil: undefined })
const data = fc.oneof(
  fc.constant(undefined),
  fc.string({ maxLength: 20, unit: 'grapheme' }),
  fc.uint8Array({ maxLength: 20 }),
)
const nothing = fc.constant(undefined)

const draft: fc.Arbitrary<MessageDraft> = fc.record({
  id: nothing,
  name: few('title'),
  data,
  encoding: nothing,
  clientId: fc.option(clientId, { nil: undefined }),
  extras: nothing,
})

const presenceDraft: fc.Arbitrary<PresenceDraft> = fc.record({
  action: fc.constantFrom('enter', 'update', 'leave'),
  id: fc.option(few('member'), { nil: undefined }),
  clientId,
  data,
  encoding: nothing,
  extras: nothing,
})

/** What an entry is before it is known which messages there are. */
type Made = (serialOf: (back: number) => string, id: string) => Entry

const publication = fc
  .record({
    drafts: fc.array(draft, { minLength: 1, maxLength: 3 }),
    repeatId,
    connectionId: fc.option(connectionId, { nil: undefined }),
    ephemeral: fc.boolean(),
  })
  .map((some): Made => (_, id) => ({ kind: 'publication', id, ...some }))

const edit = fc
  .record({
    back: fc.nat(8),
    action: fc.constantFrom('update' as const, 'delete' as const, 'append' as const),
    draft,
    clientId,
    ownOnly: fc.boolean(),
  })
  .map(({ action, back, clientId: by, draft: content, ownOnly }): Made => (serialOf, id) => ({
    kind: 'edit',
    edit: {
      serial: serialOf(back),
      action,
      draft: content,
      version: { clientId: by, description: undefined, metadata: undefined },
    },
    id,
    connectionId: undefined,
    clientId: by,
    ownOnly,
    maxBytes: MAX_BYTES,
    rollupMs: 0,
  }))

const annotation = fc
  .record({
    backs: fc.array(fc.nat(8), { minLength: 1, maxLength: 3 }),
    action: fc.constantFrom('create' as const, 'delete' as const),
    name: few('title'),
    clientId,
    repeatId,
    kind: fc.constantFrom('flag', 'distinct', 'unique', 'total', 'multiple'),
  })
  .map(
    ({ action, backs, clientId: by, kind, name, repeatId: repeated }): Made =>
      (serialOf, id) => ({
        kind: 'annotation',
        drafts: backs.map((back) => ({
          id: undefined,
          encoding: undefined,
          extras: undefined,
          action,
          messageSerial: serialOf(back),
          type: `like:${kind}.v1`,
          name,
          clientId: by,
          count: undefined,
          data: undefined,
        })),
        id,
        repeatId: repeated,
        connectionId: undefined,
      }),
  )

const OBJECTS = ['root', `map:${'m'.repeat(43)}@1`, `counter:${'c'.repeat(43)}@1`] as const

const operation: fc.Arbitrary<ObjectOperation> = fc.oneof(
  fc.record({
    action: fc.constant('map.set' as const),
    objectId: fc.constantFrom(...OBJECTS),
    key: few('key'),
    data: fc.oneof(
      fc.record({ kind: fc.constant('string' as const), value: fc.string({ maxLength: 80 }) }),
      fc.record({ kind: fc.constant('objectId' as const), value: fc.constantFrom(...OBJECTS) }),
      fc.record({ kind: fc.constant('bytes' as const), value: fc.uint8Array({ maxLength: 20 }) }),
    ),
  }),
  fc.record({
    action: fc.constant('map.remove' as const),
    objectId: fc.constantFrom(...OBJECTS),
    key: few('key'),
  }),
  fc.constant({ action: 'map.create' as const, objectId: OBJECTS[1], entries: [] }),
  fc.constant({ action: 'map.clear' as const, objectId: 'root' }),
  fc.constant({ action: 'counter.create' as const, objectId: OBJECTS[2], count: 5 }),
  fc.record({
    action: fc.constant('counter.inc' as const),
    objectId: fc.constantFrom(...OBJECTS),
    number: fc.integer({ min: -5, max: 5 }),
  }),
)

const objectDraft: fc.Arbitrary<ObjectDraft> = fc.record({
  id: nothing,
  clientId: fc.option(clientId, { nil: undefined }),
  extras: nothing,
  operation,
})

const objects = fc
  .record({ drafts: fc.array(objectDraft, { minLength: 1, maxLength: 3 }), repeatId })
  .map(({ drafts, repeatId: repeated }): Made => (_, id) => ({
    kind: 'objects',
    drafts,
    id,
    repeatId: repeated,
    connectionId: undefined,
    siteCode: 'site',
    maxBytes: 500,
  }))

const presence = fc
  .record({ drafts: fc.array(presenceDraft, { minLength: 1, maxLength: 4 }), connectionId })
  .map((some): Made => (_, id) => ({ kind: 'presence', id, limits: LIMITS, ...some }))

const departure = fc
  .record({
    connectionId,
    clientIds: fc.option(fc.array(clientId, { maxLength: 2 }), { nil: undefined }),
  })
  .map((some): Made => (_, id) => ({ kind: 'departure', id, ...some }))

const member = fc.record({
  connectionId,
  clientId: fc.option(clientId, { nil: undefined }),
  listed: fc.boolean(),
})
const presented = fc.record(
  {
    join: fc.nat(1).map((n) => new Uint8Array([n])),
    send: fc.nat(1).map((n) => new Uint8Array([n])),
  },
  { requiredKeys: [] },
)

function admitted(keys: Keys): AccessDecision & { join: true } {
  const rules = { openChannels: true, strictKeys: false }
  const decision = decideJoin(keys, { match: undefined, ephemeral: undefined }, rules)
  if (!decision.join) throw new Error('nobody else is there')
  return decision
}

const join = fc
  .record({ member, presented })
  .map(({ member: who, presented: keys }): Made => () => ({
    kind: 'join',
    member: who,
    presented: keys,
    verdict: admitted(keys),
    strictKeys: false,
    maxMembers: 3,
    presence: LIMITS,
  }))

const leave = connectionId.map((id): Made => (_, own) => ({
  kind: 'leave',
  connectionId: id,
  id: own,
}))

const said = fc.json({ maxDepth: 1 }).map((text) => {
  const value = relayedJson(text, false)
  if (!value.ok) throw new Error(text)
  return value.value
})
const sender: Member = { connectionId: 'connection0', clientId: undefined, listed: true }
const message = said.map(
  (value): Made =>
    () =>
      newMessage(value, sender),
)
const direct = fc
  .record({ to: connectionId, value: said })
  .map(({ to, value }): Made => () => ({ kind: 'direct', to, message: newMessage(value, sender) }))

const OF_APPS = fc.oneof(publication, publication, edit, annotation, objects, presence, departure)
const OF_MEMBERS = fc.oneof(join, join, leave, direct)
const PROFILES = [OF_APPS, fc.oneof(OF_APPS, OF_MEMBERS), fc.oneof(OF_MEMBERS, message)]

const pause = fc.constantFrom(1, 1, 1, 1000, 59_000, 119_999, HOUR)

const step = fc
  .nat(CHANNELS.length - 1)
  .chain((place) => fc.record({ place: fc.constant(place), make: PROFILES[place]!, pause }))

/** @returns steps of which each comes later than the one before */
export const steps = fc.array(step, { minLength: 2, maxLength: 60, size: 'max' }).map((made) => {
  let timestamp = START
  const found: Step[] = []
  for (const [index, one] of made.entries()) {
    timestamp += one.pause
    const [realm, name] = CHANNELS[one.place]!
    // Mostly of messages that are there: of this channel or another, or of something that is no message.
    const serialOf = (back: number) =>
      serialAt(positionAt(found.at(-1 - back)?.timestamp ?? 0, 0), 0)
    found.push({ realm, name, entry: one.make(serialOf, `id${index}`), timestamp })
  }
  return found
})
