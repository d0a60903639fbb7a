/** Batching and conflation: what readers hear of an interval, and that nothing is lost or overtaken by it. */
import { describe, expect, test } from 'bun:test'
import { channelRef } from '../../../src/core/types.ts'
import {
  type ChannelRuleSettings,
  DEFAULT_RULE_SETTINGS,
} from '../../../src/policy/channel-rule.ts'
import {
  MAX_TEMPLATE_LETTERS,
  conflationKey,
  conflationKeyFault,
} from '../../../src/policy/conflation-key.ts'
import { CoreWorld, draft, everything, listener, value } from '../../support/core-world.ts'

const ref = channelRef('app', 'room')
const INTERVAL_MS = 20

async function world(rule: Partial<ChannelRuleSettings>) {
  const made = new CoreWorld()
  made.rule = { ...DEFAULT_RULE_SETTINGS, ...rule }
  const reader = listener()
  const attach = async (socket: ReturnType<typeof listener>) =>
    made.attachments.attach(await value(made.registry.open(ref)), { ...everything, socket })
  await attach(reader)
  const publish = (name: string, data: string, connectionId = 'c1', except = undefined) =>
    value(
      made.publisher.publish(ref, {
        drafts: [draft({ name, data })],
        connectionId,
        id: undefined,
        batchId: undefined,
        ephemeral: false,
        except,
      }),
    )
  return { made, reader, attach, publish }
}

const heard = (reader: ReturnType<typeof listener>) =>
  reader.heard.map((event) =>
    event.kind === 'publication' ? event.messages.map(({ data }) => data) : event.kind,
  )

const batched = { batchingEnabled: true, batchingInterval: INTERVAL_MS }
const conflated = {
  conflationEnabled: true,
  conflationInterval: INTERVAL_MS,
  conflationKey: '#{message.name}',
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await Bun.sleep(1)
}

describe('batching', () => {
  test('messages of an interval arrive as one frame, each with its own serial and publisher', async () => {
    const { made, reader, publish } = await world(batched)
    const serials = [await publish('a', '1'), await publish('b', '2', 'c2')].flatMap(
      (one) => one.serials,
    )
    expect(reader.heard).toEqual([])
    await until(() => reader.heard.length > 0)
    expect(heard(reader)).toEqual([['1', '2']])
    const [event] = reader.heard
    if (event?.kind !== 'publication') throw new Error('no publication')
    expect(event.messages.map(({ serial }) => serial)).toEqual([...serials])
    expect(event.connectionId).toBeUndefined()
    expect(event.messages.map(({ connectionId }) => connectionId)).toEqual(['c1', 'c2'])
    expect(event.position).toBe(made.registry.channel(ref)!.recent.head)
  })

  test('a client that attaches meanwhile gets each message once', async () => {
    const { reader, attach, publish } = await world(batched)
    await publish('a', '1')
    const late = listener()
    await attach(late)
    expect(heard(reader)).toEqual([['1']])
    expect(late.heard).toEqual([])
  })

  test('presence does not overtake a waiting batch', async () => {
    const { made, reader, publish } = await world(batched)
    await publish('a', '1')
    const enter = {
      action: 'enter' as const,
      id: undefined,
      clientId: 'ann',
      data: undefined,
      encoding: undefined,
      extras: undefined,
    }
    await value(made.presence.change(ref, [enter], { connectionId: 'c1', id: 'c1:0' }))
    expect(heard(reader)).toEqual([['1'], 'presence'])
  })
})

describe('conflation', () => {
  test('only the last message of each key is delivered, and all are kept', async () => {
    const { made, reader, publish } = await world(conflated)
    await publish('x', '1')
    await publish('y', '2')
    await publish('x', '3')
    await until(() => reader.heard.length > 0)
    expect(heard(reader)).toEqual([['2', '3']])
    const page = { direction: 'forwards', limit: 10 } as const
    expect(made.histories.of(ref).messages(ref, page).items).toHaveLength(3)
  })

  test('edits are never left out', async () => {
    const { made, reader, publish } = await world({ ...conflated, mutableMessages: true })
    const [serial] = (await publish('x', '1')).serials
    for (const data of ['2', '3']) {
      await value(
        made.publisher.edit(
          ref,
          { serial: serial!, action: 'update', draft: draft({ data }), version: {} },
          { connectionId: 'c1', id: undefined, clientId: undefined, ownOnly: false },
        ),
      )
    }
    await until(() => reader.heard.length > 0)
    expect(heard(reader)).toEqual([['1', '2', '3']])
  })
})

describe('conflation keys', () => {
  const message = { id: 'i', name: 'n', clientId: undefined, extras: '{"headers":{"k":5}}' }

  test.each([
    ['#{message.name}', '"n"'],
    ['#{message.clientId}-#{message.id}', '""-"i"'],
    ["#{message.extras.headers['k']}", '5'],
    ['#{message.extras.headers.other}', '""'],
    ['all', 'all'],
    ['#{#{ message.name } } #{', '#{"n" } #{'],
    ['a#{message.id}b}#{message.name', 'a"i"b}#{message.name'],
    ['#{name}#{ message.id }', '#{name}"i"'],
  ])('%s gives %s', (template, key) => {
    expect(conflationKey(template)(message)).toBe(key)
    expect(conflationKeyFault(template)).toBeUndefined()
  })

  test('a key that names nothing is detected', () => {
    expect(conflationKeyFault('#{message.name}#{message.nonsense}')).toEndWith(
      'not #{message.nonsense}',
    )
    expect(conflationKeyFault('#{message.#{message.id}')).toEndWith('not #{message.#{message.id}')
  })

  test('keys have a bounded length, and headers are parsed once', () => {
    const place = '#{message.extras.headers.k}'
    const many = place.repeat(Math.floor(MAX_TEMPLATE_LETTERS / place.length))
    expect(conflationKeyFault(many)).toBeUndefined()
    expect(conflationKeyFault(many + place)).toContain('at most')
    let reads = 0
    const counted = {
      ...message,
      get extras() {
        reads++
        return message.extras
      },
    }
    expect(conflationKey(many)(counted)).toMatch(/^5+$/)
    expect(reads).toBe(1)
  })
})
