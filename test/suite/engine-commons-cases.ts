/** Members of the commons, and of a channel that is an app's too. */
import { expect, test } from 'bun:test'
import { eventually } from '../support/client.ts'
import type { EngineClients } from './engine-clients.ts'

export function engineCommonsCases(clients: EngineClients): void {
  test('joins, messages and leaves are told in one order', async () => {
    const name = clients.name()
    const [ann, bob] = [
      await clients.join('a', name, { alias: 'ann', echo: true }),
      await clients.join('b', name, { alias: 'bob', echo: true }),
    ]
    for (let n = 0; n < 10; n++) {
      ann.socket.send(`a${n}`)
      bob.socket.send(`b${n}`)
    }
    const cyd = await clients.join('b', name, { alias: 'cyd' })
    cyd.socket.close()
    const isLeave = (event: object) => 'type' in event && event.type === 'leave'
    for (const one of [ann, bob]) {
      await one.message('b9')
      await one.message('a9')
      await one.next(isLeave)
    }
    expect(ann.messages).toEqual(bob.messages)
    const own = (who: string) => ann.messages.filter((value) => String(value).startsWith(who))
    for (const who of ['a', 'b'])
      expect(own(who)).toEqual(Array.from({ length: 10 }, (_, n) => `${who}${n}`))
    const events = (one: typeof ann) =>
      one.events.filter(({ self }) => self !== true).map(({ type, total }) => [type, total])
    expect(events(ann).filter(([type]) => type === 'leave')).toEqual([['leave', 2]])
    expect(events(bob).filter(([type]) => type === 'join')).toEqual([['join', 3]])
  })

  test('a message to one member reaches that one', async () => {
    const name = clients.name()
    const [ann, bob, cyd] = [
      await clients.join('a', name),
      await clients.join('b', name),
      await clients.join('a', name),
    ]
    bob.socket.send('for you', ann.uid)
    await ann.message('for you')
    bob.socket.send('lost', 'nobody')
    expect(await bob.error()).toMatchObject({ code: 'recipient_unknown' })
    bob.socket.send('for all')
    await cyd.message('for all')
    expect(cyd.messages).toEqual(['for all'])
  })

  test('the keys of whoever came first hold, wherever the next come', async () => {
    const name = clients.name()
    const first = await clients.join('a', name, { joinKey: 'mine' })
    const second = await clients.join('b', name, { joinKey: 'mine' })
    expect(await clients.isIn('b', name, { joinKey: 'other' })).toBe(false)
    expect(await clients.isIn('a', name, {})).toBe(false)
    first.socket.close()
    await second.next(({ type }) => type === 'leave')
    second.socket.close()
    await eventually(
      () => clients.isIn('a', name, { joinKey: 'other' }),
      'the keys end with the last member',
    )
  })

  test('a linked channel has the same on both sides', async () => {
    const name = `linked/${clients.name('room').replace(':', '-')}`
    const guest = await clients.join('a', name, { alias: 'ann', announce: true })
    const channel = await clients.channel('b', name, { clientId: 'bob' })
    const heard: unknown[] = []
    await channel.subscribe(({ data }) => heard.push(data))
    await channel.presence.enter('x')
    await guest.next(({ type, alias }) => type === 'join' && alias === 'bob')
    guest.socket.send('from the commons')
    await channel.publish('n', 'from the app')
    await guest.message('from the app')
    await eventually(() => heard.length === 2, 'both came')
    const members = async () => (await channel.presence.get()).map(({ clientId }) => clientId)
    expect((await members()).toSorted()).toEqual(['bob', 'guest:ann'])
    guest.socket.close()
    await eventually(async () => (await members()).length === 1, 'the guest has left')
    expect(await members()).toEqual(['bob'])
  })
}
