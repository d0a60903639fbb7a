/** Publishing on channels of apps: order, repetition, memory, edits and annotations. */
import { describe, expect, test } from 'bun:test'
import type { AnnotationDraft, Event, MessageEdit, Publication } from '../../../src/core/types.ts'
import { MAX_TARGETS } from '../../../src/core/apply/annotations.ts'
import type { HistoryEntry } from '../../../src/core/history/history.ts'
import type { NewPublication } from '../../../src/core/propose/publisher.ts'
import { channelRef } from '../../../src/core/types.ts'
import { withoutRepetition } from '../../../src/protocol/ably/subscription/missed-events.ts'
import { DEFAULT_RULE_SETTINGS } from '../../../src/policy/channel-rule.ts'
import {
  CoreWorld,
  KEEP_MS,
  draft,
  everything,
  listener,
  value,
  answered,
} from '../../support/core-world.ts'

const ref = channelRef('app', 'room')
const plain: Omit<NewPublication, 'drafts'> = {
  connectionId: 'c1',
  id: undefined,
  batchId: undefined,
  ephemeral: false,
}
const all = { direction: 'forwards', limit: 100 } as const

async function world(limits = {}) {
  const made = new CoreWorld(limits)
  const reader = listener()
  made.attachments.attach(await value(made.registry.open(ref)), { ...everything, socket: reader })
  return { made, reader, publish: publishing(made) }
}

function publishing(made: CoreWorld) {
  return (names: string[], more: Partial<typeof plain> = {}) =>
    value(
      made.publisher.publish(ref, {
        ...plain,
        ...more,
        drafts: names.map((name) => draft({ name })),
      }),
    )
}

const publications = (events: readonly Event[]) =>
  events.filter((event) => event.kind === 'publication')
const namesOf = (events: readonly Event[]) =>
  publications(events).map(({ messages }) => messages.map(({ name }) => name))

describe('messages', () => {
  test('are delivered together, in order, with growing serials', async () => {
    const { made, reader, publish } = await world()
    const first = await publish(['a', 'b'])
    const second = await publish(['c'])
    expect(namesOf(reader.heard)).toEqual([['a', 'b'], ['c']])
    const serials = [...first.serials, ...second.serials]
    expect(serials.toSorted()).toEqual(serials)
    const kept = made.histories.of(ref).messages(ref, all).items
    expect(kept.map(({ name, serial }) => [name, serial])).toEqual([
      ['a', serials[0]],
      ['b', serials[1]],
      ['c', serials[2]],
    ])
    expect(kept.map(({ id }) => id)).toEqual([`${first.id}:0`, `${first.id}:1`, `${second.id}:0`])
  })

  test('a repeated publication gets the first answer and is delivered once', async () => {
    const { made, reader, publish } = await world()
    const first = await publish(['a'], { batchId: 'mine' })
    made.now += KEEP_MS - 1
    expect(await publish(['other'], { batchId: 'mine' })).toEqual(first)
    made.now += 2
    expect(await publish(['late'], { batchId: 'mine' })).not.toEqual(first)
    expect(namesOf(reader.heard)).toEqual([['a'], ['late']])
  })

  test('a publication that could not be kept may be repeated', async () => {
    const { made, publish } = await world()
    made.rule = { ...DEFAULT_RULE_SETTINGS, persisted: true }
    let breaks = true
    const append = made.log.append.bind(made.log)
    made.log.append = async (...args) =>
      breaks ? Promise.reject(new Error('disk full')) : await append(...args)
    const failed = await publish(['a'], { batchId: 'mine' })
    expect(failed.kept).rejects.toThrow('disk full')
    await failed.kept?.catch(() => undefined)
    breaks = false
    expect((await publish(['a'], { batchId: 'mine' })).serials).not.toEqual(failed.serials)
  })

  test('are forgotten after two minutes, and the channel with them', async () => {
    const { made, publish } = await world()
    const channel = made.registry.channel(ref)!
    const position = channel.recent.head
    await publish(['a'])
    expect(channel.recent.after(position)).toHaveLength(1)
    for (const attachment of channel.attachments) made.attachments.detach(attachment)
    made.now += KEEP_MS - 1
    made.registry.expire()
    expect(made.registry.sizeOfApps).toBe(1)
    made.now += KEEP_MS + 2
    made.registry.expire()
    expect(channel.recent.after(position)).toBeUndefined()
    expect(made.registry.sizeOfApps).toBe(0)
    expect(made.closed).toEqual(['room'])
    expect(made.memory.messages(ref, all).items).toEqual([])
    expect(made.memory.size).toBe(0)
  })

  test('a channel that was left can be resumed for two minutes, even without messages', async () => {
    const { made } = await world()
    const channel = made.registry.channel(ref)!
    const position = channel.recent.head
    // For as long as it is held for whoever has opened it.
    await new Promise(setImmediate)
    made.now += 3 * KEEP_MS
    made.registry.expire()
    for (const attachment of channel.attachments) made.attachments.detach(attachment)
    made.now += KEEP_MS - 1
    made.registry.expire()
    expect(made.registry.channel(ref)?.recent.after(position)).toEqual([])
    made.now += 2
    made.registry.expire()
    expect(made.registry.channel(ref)).toBeUndefined()
  })

  test('the oldest events are dropped beyond the limit, and a resume from there is refused', async () => {
    const { made, publish } = await world({ maxRecentEvents: 3 })
    const channel = made.registry.channel(ref)!
    const start = channel.recent.head
    await publish(['a'])
    const one = channel.recent.head
    for (const name of ['b', 'c', 'd']) await publish([name])
    expect(channel.recent.after(start)).toBeUndefined()
    expect(namesOf(channel.recent.after(one)!)).toEqual([['b'], ['c'], ['d']])
    expect(channel.recent.after('99999999999999-000@site')).toBeUndefined()
    made.now += KEEP_MS + 1
    await publish(['e'])
    expect(namesOf(channel.recent.all())).toEqual([['e']])
  })

  test('ephemeral messages are delivered and not remembered', async () => {
    const { made, reader, publish } = await world()
    const before = made.registry.channel(ref)!.recent.head
    await publish(['a'], { ephemeral: true })
    expect(namesOf(reader.heard)).toEqual([['a']])
    expect(made.registry.channel(ref)!.recent.after(before)).toEqual([])
    expect(made.histories.of(ref).messages(ref, all).items).toEqual([])
  })

  test('the number of channels is limited', async () => {
    const made = new CoreWorld({ maxChannels: 1 })
    made.attachments.attach(await value(made.registry.open(ref)), {
      ...everything,
      socket: listener(),
    })
    const refused = await answered(await made.registry.open(channelRef('app', 'other')))
    expect(refused.ok ? undefined : refused.failure.name).toBe('too_many_channels')
  })

  test('the channels of a deleted app are forgotten, and no others', async () => {
    const { made, publish } = await world()
    await publish(['a'])
    await value(made.registry.open(channelRef('app2', 'room')))
    made.registry.forget('app')
    expect(made.registry.channel(ref)).toBeUndefined()
    expect(made.registry.sizeOfApps).toBe(1)
    expect(made.memory.messages(ref, all).items).toEqual([])
  })
})

describe('edits', () => {
  const edit = (serial: string, action: MessageEdit['action'], data: string): MessageEdit => ({
    serial,
    action,
    draft: draft({ data }),
    version: {},
  })
  const editor = {
    connectionId: 'c2',
    id: undefined,
    clientId: 'ann',
    ownOnly: false,
    rollupMs: 0,
  }

  test('need a rule that allows them', async () => {
    const { made, publish } = await world()
    const [serial] = (await publish(['a'])).serials
    const refused = await answered(
      await made.publisher.edit(ref, edit(serial!, 'update', 'x'), editor),
    )
    expect(refused.ok ? undefined : refused.failure.name).toBe('not_mutable')
  })

  test('are delivered at once, listed as versions, and read in place of the original', async () => {
    const { made, reader, publish } = await world()
    made.rule = { ...DEFAULT_RULE_SETTINGS, mutableMessages: true }
    const [serial] = (await publish(['a'])).serials
    await publish(['b'])
    const update = (data: string) =>
      value(made.publisher.edit(ref, edit(serial!, 'update', data), editor))
    const versions = [await update('1'), await update('2')].map(
      ({ versionSerial }) => versionSerial,
    )
    expect(versions.toSorted()).toEqual(versions)
    const history = made.histories.of(ref)
    expect(history.messages(ref, all).items.map(({ name, data }) => [name, data])).toEqual([
      ['a', '2'],
      ['b', undefined],
    ])
    expect(history.versions(ref, serial!, all).items.map(({ action }) => action)).toEqual([
      'create',
      'update',
      'update',
    ])
    const last = publications(reader.heard).at(-1)!
    expect(last.messages[0]).toMatchObject({ serial, action: 'update', data: '2', name: 'a' })
  })

  test('an append is delivered as the fragment and kept as the whole', async () => {
    const { made, reader, publish } = await world()
    made.rule = { ...DEFAULT_RULE_SETTINGS, mutableMessages: true }
    const [serial] = (await publish(['a'])).serials
    for (const data of ['Hel', 'lo'])
      await value(made.publisher.edit(ref, edit(serial!, 'append', data), editor))
    const last = publications(reader.heard).at(-1) as Publication
    expect(last.messages[0]).toMatchObject({ action: 'append', data: 'lo' })
    expect(last.whole?.[0]).toMatchObject({ action: 'update', data: 'Hello' })
    const history = made.histories.of(ref)
    expect(history.message(ref, serial!)?.data).toBe('Hello')
    expect(history.versions(ref, serial!, all).items).toHaveLength(1)
  })

  test('a client that came after a message gets the whole at the first append, then fragments', async () => {
    const { made, reader, publish } = await world()
    made.rule = { ...DEFAULT_RULE_SETTINGS, mutableMessages: true }
    const [serial] = (await publish(['a'])).serials
    const late = { ...listener(), id: 2, heard: [] as Event[] }
    late.send = (frame) => void late.heard.push(frame as unknown as Event)
    made.attachments.attach(made.registry.channel(ref)!, { ...everything, socket: late })
    const append = (data: string) =>
      value(made.publisher.edit(ref, edit(serial!, 'append', data), editor))
    await append('Hel')
    await append('lo')
    const heard = (events: readonly Event[]) =>
      publications(events).map(({ messages: [first] }) => `${first!.action} ${first!.data}`)
    expect(heard(late.heard)).toEqual(['update Hel', 'append lo'])
    expect(heard(reader.heard).slice(1)).toEqual(['append Hel', 'append lo'])
  })

  test('only the latest state of an appended message is remembered', async () => {
    const { made, publish } = await world({ maxRecentEvents: 500 })
    made.rule = { ...DEFAULT_RULE_SETTINGS, mutableMessages: true }
    const [one, two] = (await publish(['a', 'b'])).serials
    const { recent } = made.registry.channel(ref)!
    const from = recent.head
    const append = (serial: string) =>
      value(made.publisher.edit(ref, edit(serial, 'append', 'x'), editor))
    const wholes = () =>
      publications(recent.all()).flatMap(({ whole = [] }) => whole.map(({ data }) => data?.length))
    for (let i = 0; i < 200; i++) await append(i % 4 === 0 ? one! : two!)
    expect(wholes().toSorted()).toEqual([150, 50])
    const missed = publications(withoutRepetition(recent.after(from)!))
    expect(missed.map(({ messages: [message] }) => message!.data?.length)).toEqual([50, 150])
    // Also after the first ones were dropped because there were too many.
    for (let i = 0; i < 800; i++) await append(two!)
    expect(wholes()).toEqual([950])
    await publish(Array.from({ length: 500 }, () => 'c'))
    for (let i = 0; i < 500; i++) await publish(['c'])
    expect(wholes()).toEqual([])
    await append(one!)
    expect(wholes()).toEqual([51])
  })

  test('an append that could not be kept is not continued by the next', async () => {
    const { made, publish } = await world()
    made.rule = { ...DEFAULT_RULE_SETTINGS, mutableMessages: true }
    const [serial] = (await publish(['a'])).serials
    const change = (data: string) =>
      value(made.publisher.edit(ref, edit(serial!, 'append', data), editor))
    await change('kept ')
    const append = made.log.append.bind(made.log)
    made.log.append = () => Promise.reject(new Error('disk full'))
    await expect((await change('lost ')).kept).rejects.toThrow('disk full')
    made.log.append = append
    await change('kept too')
    expect(made.histories.of(ref).message(ref, serial!)?.data).toBe('kept kept too')
  })

  test('an edit without the right, or of an unknown message, changes nothing', async () => {
    const { made, reader, publish } = await world()
    made.rule = { ...DEFAULT_RULE_SETTINGS, mutableMessages: true }
    const [serial] = (await publish(['a'])).serials
    const why = await answered(await made.publisher.edit(ref, edit('none', 'update', 'x'), editor))
    expect(why.ok ? undefined : why.failure.name).toBe('message_unknown')
    const other = { ...editor, clientId: 'bob', ownOnly: true }
    const refused = await answered(
      await made.publisher.edit(ref, edit(serial!, 'update', 'x'), other),
    )
    expect(refused.ok ? undefined : refused.failure.name).toBe('capability_refused')
    expect(reader.heard).toHaveLength(1)
  })
})

describe('an attachment that waits for the next publication', () => {
  test('waits once however often it asks, and no longer once it has detached', async () => {
    const { made, publish } = await world()
    const channel = made.registry.channel(ref)!
    const attach = () => made.attachments.attach(channel, { ...everything, socket: listener() })
    const [stays, goes] = [attach(), attach()]
    const told: string[] = []
    for (let i = 0; i < 100; i++)
      for (const one of [stays, goes])
        channel.afterNextPublication(one, () => told.push(one === stays ? 'stays' : 'goes'))
    expect(channel.awaiting).toBe(2)
    made.attachments.detach(goes)
    expect(channel.awaiting).toBe(1)
    await publish(['a'])
    await publish(['b'])
    expect(told).toEqual(['stays'])
    expect(channel.awaiting).toBe(0)
  })
})

describe('annotations', () => {
  const like = (messageSerial: string, clientId: string): AnnotationDraft => ({
    action: 'create',
    id: undefined,
    messageSerial,
    type: 'like:flag.v1',
    name: undefined,
    clientId,
    count: undefined,
    data: undefined,
    encoding: undefined,
    extras: undefined,
  })
  const by = { connectionId: 'c2', id: undefined }

  test('are delivered before their summary, and both are kept', async () => {
    const { made, reader, publish } = await world()
    made.rule = { ...DEFAULT_RULE_SETTINGS, mutableMessages: true }
    const [serial] = (await publish(['a'])).serials
    await value(made.publisher.annotate(ref, [like(serial!, 'ann'), like(serial!, 'bob')], by))
    expect(reader.heard.map(({ kind }) => kind)).toEqual([
      'publication',
      'annotation',
      'publication',
    ])
    const summary = publications(reader.heard).at(-1)!.messages[0]!
    expect(summary).toMatchObject({ action: 'summary', serial })
    expect(JSON.parse(summary.summary!)['like:flag.v1'].total).toBe(2)
    const history = made.histories.of(ref)
    const annotations = history.annotations(ref, serial!, all).items
    expect(annotations.map(({ clientId }) => clientId)).toEqual(['ann', 'bob'])
    expect(annotations.every((annotation) => annotation.serial > serial!)).toBe(true)
    expect(history.message(ref, serial!)?.summary).toBe(summary.summary!)
  })

  test('many at once give one summary for each message', async () => {
    const { made, reader, publish } = await world()
    made.rule = { ...DEFAULT_RULE_SETTINGS, mutableMessages: true }
    const [first, second] = (await publish(['a', 'b'])).serials
    const appended: HistoryEntry[] = []
    const memory = made.histories.of(ref)
    const append = memory.append.bind(memory)
    memory.append = (channel, entries) => {
      appended.push(...entries)
      return append(channel, entries)
    }
    const drafts = Array.from({ length: 900 }, (_, i) => like(i % 3 ? first! : second!, `c${i}`))
    await value(made.publisher.annotate(ref, drafts, by))
    expect(reader.heard.slice(1).map(({ kind }) => kind)).toEqual([
      'annotation',
      'publication',
      'publication',
    ])
    const withMessage = appended.flatMap((entry, place) =>
      entry.kind === 'annotation' && entry.message ? [[place, entry.message.serial]] : [],
    )
    expect(appended).toHaveLength(900)
    expect(withMessage).toEqual([
      [897, second!],
      [899, first!],
    ])
    for (const [serial, count] of [
      [first!, 600],
      [second!, 300],
    ] as const) {
      const kept = memory.message(ref, serial)!
      expect(JSON.parse(kept.summary!)['like:flag.v1'].total).toBe(count)
      expect(memory.annotations(ref, serial, { ...all, limit: 1000 }).items).toHaveLength(count)
    }
  })

  test('are limited to a number of messages at once', async () => {
    const { made, publish } = await world()
    made.rule = { ...DEFAULT_RULE_SETTINGS, mutableMessages: true }
    const names = Array.from({ length: MAX_TARGETS + 1 }, (_, i) => `m${i}`)
    const drafts = (await publish(names)).serials.map((serial) => like(serial, 'ann'))
    const refused = await answered(await made.publisher.annotate(ref, drafts, by))
    expect(refused.ok ? undefined : refused.failure.name).toBe('too_many_messages')
    await value(made.publisher.annotate(ref, drafts.slice(1), by))
  })

  test('edited messages stay in the working set no longer than in memory', async () => {
    const { made, publish } = await world()
    made.rule = { ...DEFAULT_RULE_SETTINGS, mutableMessages: true }
    const serials = (await publish(['a', 'b', 'c'])).serials
    const channel = made.registry.channel(ref)!
    const change = { action: 'update' as const, draft: draft(), version: {} }
    for (const serial of serials) {
      await value(made.publisher.annotate(ref, [like(serial, 'ann')], by))
      const editing = { ...by, clientId: undefined, ownOnly: false }
      await value(made.publisher.edit(ref, { ...change, serial }, editing))
      made.now += 1000
    }
    const atHand = () => [channel.messagesAtHand.size, channel.summariesAtHand.size]
    expect(atHand()).toEqual([3, 3])
    made.now += KEEP_MS - 2000
    await publish(['d'])
    expect(atHand()).toEqual([1, 1])
    made.now += 2000
    await publish(['e'])
    expect(atHand()).toEqual([0, 0])
  })

  test('an edit keeps the summary', async () => {
    const { made, publish } = await world()
    made.rule = { ...DEFAULT_RULE_SETTINGS, mutableMessages: true }
    const [serial] = (await publish(['a'])).serials
    await value(made.publisher.annotate(ref, [like(serial!, 'ann')], by))
    const change = { serial: serial!, action: 'update' as const, draft: draft(), version: {} }
    await value(made.publisher.edit(ref, change, { ...by, clientId: undefined, ownOnly: false }))
    expect(made.histories.of(ref).message(ref, serial!)?.summary).toContain('like:flag.v1')
  })

  test('of an unknown message are refused as a whole', async () => {
    const { made, reader, publish } = await world()
    made.rule = { ...DEFAULT_RULE_SETTINGS, mutableMessages: true }
    const [serial] = (await publish(['a'])).serials
    const refused = await answered(
      await made.publisher.annotate(ref, [like(serial!, 'ann'), like('none', 'ann')], by),
    )
    expect(refused.ok ? undefined : refused.failure.name).toBe('message_unknown')
    expect(reader.heard).toHaveLength(1)
  })
})
