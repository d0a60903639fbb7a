/** Members that a disposable app begins with: one connection, in the set and in the history, kept in decoded form. */
import { expect, test } from 'bun:test'
import { systemRandomness } from '../../../../../src/core/clock.ts'
import { IdSource } from '../../../../../src/core/id-source.ts'
import { channelRef } from '../../../../../src/core/types.ts'
import { fillChannels } from '../../../../../src/protocol/ably/rest/sandbox/fixtures.ts'
import { readSandboxRequest } from '../../../../../src/protocol/ably/rest/sandbox/request.ts'
import { asSent } from '../../wire/arbitrary.ts'
import { CoreWorld, value } from '../../../../support/core-world.ts'

const ids = new IdSource(systemRandomness)
const BYTES = Buffer.from([0, 1, 254, 255])

async function channelsOf(presence: object[]) {
  const channels = [
    { name: 'kept:crew', presence },
    { name: 'desk', presence: [{ clientId: 'x' }] },
  ]
  return (await value(readSandboxRequest(asSent({ channels })))).channels
}

test('fixtures enter together, with binary data decoded', async () => {
  const world = new CoreWorld()
  const members = [
    { clientId: 'ann', data: '{ "at": "the desk"}' },
    { clientId: 'bob', data: { at: 'home' } },
    { clientId: 'cyd', data: BYTES.toString('base64'), encoding: 'cipher+aes-128-cbc/base64' },
    { clientId: 'dan' },
  ]
  await value(
    await fillChannels({ presence: world.presence, ids }, 'app', await channelsOf(members)),
  )
  const channel = world.registry.channel(channelRef('app', 'kept:crew'))!
  const present = [...channel.presence.members()]
  expect(present).toMatchObject([
    { action: 'present', clientId: 'ann', data: '{ "at": "the desk"}', encoding: undefined },
    { clientId: 'bob', data: '{"at":"home"}', encoding: 'json' },
    { clientId: 'cyd', data: BYTES, encoding: 'cipher+aes-128-cbc' },
    { clientId: 'dan', data: undefined },
  ])
  const [desk] = world.registry.channel(channelRef('app', 'desk'))!.presence.members()
  const connections = new Set([...present, desk!].map(({ connectionId }) => connectionId))
  expect(connections.size).toBe(1)
  expect(present.map(({ id }) => id)).toEqual(
    present.map((_, index) => `${present[0]!.connectionId}:0:${index}`),
  )
})

test('fixtures stay as long as the app', async () => {
  const world = new CoreWorld()
  await value(await fillChannels({ presence: world.presence, ids }, 'app', await channelsOf([])))
  world.now += 24 * 60 * 60_000
  world.registry.expire()
  const desk = () => world.registry.channel(channelRef('app', 'desk'))
  expect(desk()?.presence.size).toBe(1)
  world.registry.forget('app')
  expect(desk()).toBeUndefined()
})

test('more fixtures than the limit are refused', async () => {
  const world = new CoreWorld()
  world.maxMembers = 1
  const members = [{ clientId: 'ann' }, { clientId: 'bob' }]
  const filled = await fillChannels(
    { presence: world.presence, ids },
    'app',
    await channelsOf(members),
  )
  expect(filled.ok ? undefined : filled.failure.name).toBe('presence_full')
})
