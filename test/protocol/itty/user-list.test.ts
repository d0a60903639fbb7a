/** Totals, the user list, errors and the guard of event names (E-10 to E-14). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Client, type Frame, eventually } from '../../support/client.ts'
import { IttyClient, freshChannel, joinAll, reserve } from '../../support/itty.ts'
import { type TestServer, startTestServer } from '../../support/server.ts'

let server: TestServer
let base: string

beforeAll(async () => {
  server = await startTestServer()
  base = server.sockets
})
afterAll(() => server.end())

interface User {
  readonly uid: string
  readonly alias?: string
  readonly self?: true
}

const usersOf = (frame: Frame | undefined) => frame?.['users'] as User[] | undefined

describe('membership', () => {
  test('E-10 totals count everybody: a join includes the joiner, a leave those who remain', async () => {
    const channel = base + freshChannel()
    const [a, b, c] = await joinAll(channel, ['', 'announce=true', ''])
    expect([a, b, c].map((client) => client.frames[0]!['total'])).toEqual([1, 2, 3])
    b.close()
    await a.next((frame) => frame['type'] === 'leave')
    c.close()
    await a.next((frame) => frame['total'] === 1 && frame['type'] === 'leave')
    expect(a.frames.map((frame) => frame['total'])).toEqual([1, 2, 3, 2, 1])
  })

  test('E-11 the list is sent to members that ask, and holds those that announced, in order of joining', async () => {
    const channel = base + freshChannel()
    const [a, , c, d, e] = await joinAll(channel, [
      'announce=true&as=A',
      '',
      'announce=true&list=true',
      'list=true',
      'announce=true',
    ])
    expect(usersOf(a.frames[0])).toBeUndefined()
    expect(usersOf(c.frames[0])).toEqual([
      { uid: a.uid, alias: 'A' },
      { uid: c.uid, self: true },
    ])
    expect(usersOf(d.frames[0])).toEqual([{ uid: a.uid, alias: 'A' }, { uid: c.uid }])
    expect(usersOf(e.frames[0])).toBeUndefined()
    const later = [a, c, d, e].flatMap((client) => client.frames.slice(1))
    expect(later.some((frame) => 'users' in frame)).toBe(false)
  })

  test('E-12 the list and the events after it fit exactly, whatever happens meanwhile', async () => {
    const channel = base + freshChannel()
    const crowd = (size: number) =>
      Array.from({ length: size }, () => new Client(`${channel}?announce=true`))
    const stays = await Client.join(`${channel}?announce=true`)
    const early = crowd(30)
    // Joins while others join and leave: nothing here waits for anything.
    const watchers = Array.from({ length: 10 }, () => new Client(`${channel}?list=true`))
    const late = crowd(30)
    for (const client of early) void client.opened.then(() => client.close())
    await Promise.all(late.map((client) => client.next((frame) => frame['self'] === true)))
    const present = new Set([stays, ...late].map((client) => client.uid))
    for (const watcher of watchers) {
      await eventually(
        () => watcher.frames.length > 0 && sameSet(followed(watcher.frames), present),
        'the list that the watcher keeps is who is there',
      )
      expect(watcher.frames.at(-1)!['total']).toBe(present.size + watchers.length)
    }
  })

  test('E-13 an error goes only to the connection that caused it', async () => {
    const channel = base + freshChannel()
    const [culprit, other] = await joinAll(channel, ['', ''])
    culprit.send('{')
    expect(await culprit.error()).toMatchObject({
      message: 'the message is not valid JSON',
      code: 'not_json',
    })
    culprit.sendJson('after')
    await other.message('after')
    expect(other.frames.filter((frame) => frame['type'] === 'error')).toEqual([])
  })
})

/** The list an app keeps from the snapshot by adding and removing; a second add or remove is a fault. */
function followed(frames: readonly Frame[]): Set<string> {
  const users = new Set(usersOf(frames[0])?.map((user) => user.uid))
  for (const { type, uid } of frames.slice(1)) {
    if (typeof uid !== 'string') continue
    const isNew = !users.has(uid)
    if ((type === 'join') !== isNew) throw new Error(`${String(type)} of ${uid} does not fit`)
    if (type === 'join') users.add(uid)
    else users.delete(uid)
  }
  return users
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((item) => b.has(item))
}

describe('payloads that look like events', () => {
  const events = ['join', 'leave', 'error', 'open', 'close']

  test.each(events)('E-14 a payload of type %s is relayed unchanged by default', async (type) => {
    const channel = base + freshChannel()
    const reader = await IttyClient.join(channel)
    const writer = await IttyClient.join(channel)
    writer.socket.send({ type, uid: 'forged', total: 99 })
    const event = await reader.message({ type, uid: 'forged', total: 99 })
    // Members set by the server stay reliable.
    expect(event).toMatchObject({ type, uid: writer.uid })
  })

  /** Sends every reserved type and then two that are allowed, and says what came through. */
  async function passing(url: string): Promise<unknown[]> {
    const reader = await Client.join(url)
    const writer = await Client.join(url)
    for (const type of events) writer.sendJson({ type })
    writer.sendDirect(reader.uid, { type: 'join' })
    writer.sendJson({ type: 'Join' })
    writer.sendJson([{ type: 'join' }])
    await reader.message([{ type: 'join' }])
    const refusals = writer.frames.filter((frame) => frame['code'] === 'reserved_event')
    const passed = reader.frames.filter((frame) => 'message' in frame)
    expect(refusals.length + passed.length).toBe(8)
    return passed.map((frame) => frame['message'])
  }

  test('E-14 --guard-events refuses them', async () => {
    const guarded = await startTestServer({ 'guard-events': 'true' })
    expect(await passing(`${guarded.sockets}x`)).toEqual([{ type: 'Join' }, [{ type: 'join' }]])
    await guarded.end()
  })

  test('E-14 a reservation can guard its own channels', async () => {
    await reserve(server, 'guarded', { guardEvents: true })
    expect(await passing(`${base}guarded:x`)).toEqual([{ type: 'Join' }, [{ type: 'join' }]])
    expect(await passing(base + freshChannel())).toHaveLength(8)
  })

  test('E-14 a reservation can switch off the guard of the server', async () => {
    const guarded = await startTestServer({ 'guard-events': 'true' })
    await reserve(guarded, 'free', { guardEvents: false })
    expect(await passing(`${guarded.sockets}free`)).toHaveLength(8)
    await guarded.end()
  })
})
