/** Who is present: told in one order, the same set everywhere. */
import type Ably from 'ably'
import { expect, test } from 'bun:test'
import { eventually } from '../support/client.ts'
import type { EngineClients } from './engine-clients.ts'

async function toldOn(channel: Ably.RealtimeChannel): Promise<string[]> {
  const told: string[] = []
  await channel.presence.subscribe(({ action, clientId, data }) =>
    told.push(`${action} ${clientId} ${String(data)}`),
  )
  return told
}

async function membersOf(channel: Ably.RealtimeChannel): Promise<string[]> {
  const members = await channel.presence.get()
  return members.map(({ clientId, data }) => `${clientId} ${String(data)}`).toSorted()
}

export function enginePresenceCases(clients: EngineClients): void {
  test('entering, changing and leaving is told in one order', async () => {
    const name = clients.name()
    const [a, b] = [
      await clients.channel('a', name, { clientId: 'ann' }),
      await clients.channel('b', name, { clientId: 'bob' }),
    ]
    const told = [await toldOn(a), await toldOn(b)]
    await a.presence.enter('1')
    await b.presence.enter('2')
    await a.presence.update('3')
    expect(await membersOf(a)).toEqual(['ann 3', 'bob 2'])
    await b.presence.leave()
    await eventually(() => told.every((one) => one.includes('leave bob 2')), 'the last was told')
    for (const one of told)
      expect(one).toEqual(['enter ann 1', 'enter bob 2', 'update ann 3', 'leave bob 2'])
    expect(await membersOf(b)).toEqual(['ann 3'])
  })

  test('whoever comes later finds all who are there', async () => {
    const name = clients.name()
    const a = await clients.channel('a', name)
    for (let n = 0; n < 30; n++) await a.presence.enterClient(`c${n}`, `${n}`)
    const late = await clients.channel('b', name)
    expect(await membersOf(late)).toEqual(
      Array.from({ length: 30 }, (_, n) => `c${n} ${n}`).toSorted(),
    )
    const { body } = await clients.ask('b', `/channels/${name}/presence`)
    expect(body).toHaveLength(30)
  })

  test('a client that closes, or detaches, leaves at once', async () => {
    const name = clients.name()
    const reader = await clients.channel('a', name)
    const told = await toldOn(reader)
    const closes = await clients.client('b', { clientId: 'bob' })
    await closes.channels.get(name).presence.enter('x')
    const detaches = await clients.channel('b', name, { clientId: 'cyd' })
    await detaches.presence.enter('y')
    closes.close()
    await detaches.detach()
    await eventually(() => told.length === 4, 'both have left')
    expect(told.toSorted()).toEqual(['enter bob x', 'enter cyd y', 'leave bob x', 'leave cyd y'])
  })

  test('who enters and is gone before the channel is open stays for nobody', async () => {
    const name = clients.name()
    const quick = await clients.client('b', { clientId: 'bob' })
    // Its answer does not come any more.
    void quick.channels
      .get(name)
      .presence.enter('x')
      .catch(() => undefined)
    await eventually(() => quick.channels.get(name).state === 'attached', 'it is attached')
    quick.close()
    const late = await clients.channel('a', name)
    await eventually(async () => (await membersOf(late)).length === 0, 'nobody is there')
  })
}
