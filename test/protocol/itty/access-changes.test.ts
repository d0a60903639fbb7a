/** What changed reservations do to those who are connected, and refusals that say why (AC-32, AC-33). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Client, eventually } from '../../support/client.ts'
import {
  IttyClient,
  freshChannel,
  joinAll,
  reserve,
  standing,
  statusOf,
} from '../../support/itty.ts'
import { type TestServer, startTestServer } from '../../support/server.ts'

let server: TestServer
let base: string

beforeAll(async () => {
  server = await startTestServer({ 'max-reservations': '0' })
  base = server.sockets
})
afterAll(() => server.end())

/** A namespace of its own for each test, which another process has reserved. */
async function reserved(...[change]: [Parameters<TestServer['reserve']>[1]?]): Promise<string> {
  const namespace = `owned-${freshChannel()}`
  await reserve(server, namespace, change)
  return namespace
}

/** Sends until a send is refused for the lack of a key. */
async function refusedFromNowOn(client: Client): Promise<void> {
  await eventually(() => {
    client.sendJson('try')
    return client.frames.some((frame) => frame['code'] === 'send_key_required')
  }, 'a send is refused')
}

describe('changes while clients are connected', () => {
  test('AC-32 a change of another process applies within a second', async () => {
    const name = freshChannel()
    const member = await Client.join(base + name)
    server.reserve(name, { joinKey: 'k' })
    const told = await member.next((frame) => frame['type'] === 'error', 1000)
    expect(told).toMatchObject({
      code: 'access_changed',
      message: 'access to this channel has changed',
    })
    expect(await member.closing()).toEqual({ code: 1008, reason: 'access_changed' })
    expect(await statusOf(base + name)).toBe(403)
  })

  test('AC-32 a rotated join key closes those who hold the old one, and only those', async () => {
    const namespace = await reserved({ joinKey: 'old' })
    const url = `${base}${namespace}:x`
    const elsewhere = await Client.join(base + freshChannel())
    const [a, b] = await joinAll(url, ['joinKey=old', 'joinKey=old&announce=true'])
    server.change(namespace, { joinKey: 'new' })
    for (const client of [a, b]) expect(await client.closing()).toMatchObject({ code: 1008 })
    expect(await standing(url, { joinKey: 'old' })).toBe('no')
    expect(await standing(url, { joinKey: 'new' })).toBe('speak')
    expect(elsewhere.closed).toBeUndefined()
  })

  test('AC-32 a removed join key lets those stay who had it', async () => {
    const namespace = await reserved({ joinKey: 'k' })
    const member = await Client.join(`${base}${namespace}?joinKey=k&echo=true`)
    server.change(namespace, { joinKey: null })
    await eventually(async () => (await statusOf(base + namespace)) === 101, 'it is open')
    member.sendJson('still here')
    await member.message('still here')
    member.close()
  })

  test('AC-32 a rotated send key refuses from the next message on, and closes nobody', async () => {
    const namespace = await reserved({ sendKey: 'old' })
    const [speaker, listener] = await joinAll(base + namespace, ['sendKey=old&echo=true', ''])
    speaker.sendJson('before')
    await listener.message('before')
    server.change(namespace, { sendKey: 'new' })
    await refusedFromNowOn(speaker)
    const heard = listener.frames.length
    speaker.sendJson('after')
    const successor = await Client.join(`${base}${namespace}?sendKey=new`)
    successor.sendJson('end')
    await listener.message('end')
    expect(listener.frames.slice(heard).some((frame) => frame['message'] === 'after')).toBe(false)
    expect(speaker.closed).toBeUndefined()
  })

  test('AC-32 a new send key silences members without it, until it is removed', async () => {
    const namespace = await reserved()
    const client = await Client.join(`${base}${namespace}:x?echo=true`)
    server.change(namespace, { sendKey: 's' })
    await refusedFromNowOn(client)
    server.change(namespace, { sendKey: null })
    await eventually(() => {
      client.sendJson('again')
      return client.frames.some((frame) => frame['message'] === 'again')
    }, 'it may send again')
  })

  test('AC-32 a new reservation cancels ephemeral keys', async () => {
    const name = freshChannel()
    const url = base + name
    const first = await Client.join(`${url}?joinKey=j&sendKey=s`)
    const listener = await Client.join(`${url}?joinKey=j&echo=true`)
    server.reserve(name)
    await eventually(async () => (await statusOf(url)) === 101, 'the join key is no longer asked')
    listener.sendJson('now I may')
    await listener.message('now I may')
    // Members that brought keys while that was permitted stay.
    expect(first.closed).toBeUndefined()
    expect(await standing(url, { joinKey: 'j' })).toBe('no')
    // The keys are gone, not suspended.
    server.unreserve(name)
    await eventually(async () => (await standing(url, { joinKey: 'j' })) === 'speak', 'it is open')
    expect(await standing(url)).toBe('speak')
  })

  test('AC-32 a removed reservation leaves its channels open', async () => {
    const namespace = await reserved({ joinKey: 'k', sendKey: 's' })
    const member = await Client.join(`${base}${namespace}?joinKey=k&echo=true`)
    server.unreserve(namespace)
    await eventually(() => {
      member.sendJson('free')
      return member.frames.some((frame) => frame['message'] === 'free')
    }, 'it may send')
    expect(await standing(base + namespace)).toBe('speak')
  })

  test('AC-32 a removed child falls back to its parent', async () => {
    const namespace = await reserved({ joinKey: 'parent' })
    await reserve(server, `${namespace}:child`)
    const member = await Client.join(`${base}${namespace}:child:x`)
    server.unreserve(`${namespace}:child`)
    expect(await member.closing()).toMatchObject({ code: 1008 })
    expect(await standing(`${base}${namespace}:child:x`, { joinKey: 'parent' })).toBe('speak')
  })

  test('AC-32 those who stay are told who had to leave', async () => {
    const name = freshChannel()
    const goes = await Client.join(`${base}${name}?announce=true`)
    // Its key was ignored on the open channel and is valid now.
    const stays = await Client.join(`${base}${name}?joinKey=k`)
    server.reserve(name, { joinKey: 'k' })
    expect(await stays.next((frame) => frame['type'] === 'leave')).toMatchObject({
      uid: goes.uid,
      total: 1,
    })
    expect(await goes.closing()).toMatchObject({ code: 1008 })
    stays.send('nonsense')
    await stays.error()
    expect(stays.frames.map((frame) => frame['type'])).toEqual(['join', 'leave', 'error'])
  })

  test('AC-32 --open-channels=false refuses whatever nobody reserved', async () => {
    const closed = await startTestServer({ 'open-channels': 'false' })
    await reserve(closed, 'ours', { sendKey: 's' })
    expect(await standing(`${closed.sockets}theirs`)).toBe('no')
    expect(await standing(`${closed.sockets}theirs`, { joinKey: 'mine' })).toBe('no')
    const member = await Client.join(`${closed.sockets}ours:x`)
    closed.unreserve('ours')
    expect(await member.closing()).toMatchObject({ code: 1008 })
    expect(await standing(`${closed.sockets}ours:x`)).toBe('no')
    await closed.end()
  })
})

describe('refusals as a client sees them', () => {
  test('AC-33 a refused client gets only its close event, and keeps its queue', async () => {
    const namespace = await reserved({ joinKey: 'k' })
    const client = new IttyClient(base + namespace)
    client.socket.send('queued')
    await eventually(() => client.closes === 1, 'it is closed')
    expect([client.opens, client.events]).toEqual([0, []])
    const reader = await Client.join(`${base}${namespace}?joinKey=k`)
    server.change(namespace, { joinKey: null })
    await eventually(async () => (await statusOf(base + namespace)) === 101, 'it is open')
    client.socket.open()
    await reader.message('queued')
  })

  /** A refused client that is told why, and never becomes a member. */
  async function explained(url: string): Promise<{ events: unknown; code: number }> {
    const client = new Client(url)
    await client.opened
    client.sendJson('into the void')
    const { code } = await client.closing()
    return { events: client.frames.map(({ date: _, ...event }) => event), code }
  }

  const joinRefused = {
    events: [{ type: 'error', message: 'the join key is missing or wrong', code: 'join_refused' }],
    code: 1008,
  }

  test('AC-33 --explain-refusals accepts the socket to say why, then closes it with 1008', async () => {
    const explaining = await startTestServer({ 'explain-refusals': 'true' })
    const url = `${explaining.sockets}x`
    const member = await Client.join(`${url}?joinKey=k`)
    expect(await explained(`${url}?joinKey=wrong`)).toEqual(joinRefused)
    const client = new IttyClient(url)
    expect((await client.error())['message']).toBe('the join key is missing or wrong')
    await eventually(() => client.closes === 1, 'the real client is closed')
    // Refusals that an app cannot act on stay HTTP statuses.
    expect(await statusOf(`${explaining.sockets}%zz`)).toBe(400)
    member.sendJson('x')
    member.send('nonsense')
    await member.error()
    expect(member.frames).toHaveLength(2)
    await explaining.end()
  })

  test('AC-33 a reservation can explain refusals or not, whatever the server’s setting', async () => {
    const namespace = await reserved({ joinKey: 'k', explainRefusals: true })
    expect(await explained(`${base}${namespace}:x`)).toEqual(joinRefused)
    const explaining = await startTestServer({ 'explain-refusals': 'true' })
    await reserve(explaining, 'terse', { joinKey: 'k', explainRefusals: false })
    expect(await statusOf(`${explaining.sockets}terse`)).toBe(403)
    await explaining.end()
  })

  test('AC-33 refusals are counted by reason', async () => {
    const namespace = await reserved({ joinKey: 'k' })
    await statusOf(`${base}${namespace}?joinKey=x`)
    const text = await (await fetch(`${server.url}/metrics`)).text()
    expect(text).toMatch(/latchkey_refusals_total\{reason="join_refused"\} [1-9]/)
  })
})
