/** Edits, deletions, appends and annotations. */
import type Ably from 'ably'
import { expect, test } from 'bun:test'
import { eventually } from '../support/client.ts'
import type { EngineClients } from './engine-clients.ts'

export function engineChangeCases(clients: EngineClients): void {
  test('edits, appends and deletions are told in one order and kept so', async () => {
    const name = clients.name('mutable')
    const [a, b] = [await clients.channel('a', name), await clients.channel('b', name)]
    const heard: [string, unknown][] = []
    await b.subscribe(({ action, data }) => heard.push([action, data]))
    const serial = (await a.publish('n', 'a')).serials[0]!
    await b.updateMessage({ serial, data: 'b' })
    await a.appendMessage({ serial, data: 'c' })
    await eventually(() => heard.length >= 3, 'all was told')
    expect(heard.map(([action]) => action)).toEqual([
      'message.create',
      'message.update',
      'message.append',
    ])
    for (const channel of [a, b]) {
      const { items } = await channel.history()
      expect(items.map(({ data }) => data)).toEqual(['bc'])
    }
    await a.deleteMessage({ serial })
    await eventually(() => heard.length === 4, 'that it is deleted was told')
  })

  test('what is not there is changed by nobody', async () => {
    const name = clients.name('mutable')
    const a = await clients.channel('a', name)
    await a.publish('n', 'there')
    const serial = '01700000000000-000@elsewhere:000'
    const wrong = await a.updateMessage({ serial, data: 'x' }).catch((error: unknown) => error)
    expect(wrong).toMatchObject({ statusCode: 404 })
  })

  test('annotations are added up to the same on all nodes', async () => {
    const name = clients.name('mutable')
    const modes: Ably.ChannelMode[] = [
      'publish',
      'subscribe',
      'annotation_publish',
      'annotation_subscribe',
    ]
    const [a, b] = [
      await clients.channel('a', name, { clientId: 'ann' }, { modes }),
      await clients.channel('b', name, { clientId: 'bob' }, { modes }),
    ]
    const sums: unknown[][] = [[], []]
    for (const [index, channel] of [a, b].entries())
      await channel.subscribe(({ action, annotations }) => {
        if (action === 'message.summary') sums[index]!.push(annotations.summary['like:distinct.v1'])
      })
    const serial = (await a.publish('n', 'x')).serials[0]!
    await Promise.all(
      [a, b].map((channel) =>
        channel.annotations.publish(serial, { type: 'like:distinct.v1', name: '👍' }),
      ),
    )
    await eventually(() => sums.every(({ length }) => length === 2), 'both were added up')
    expect(sums[0]).toEqual(sums[1]!)
    expect(sums[0]!.at(-1)).toMatchObject({ '👍': { total: 2, clientIds: expect.any(Array) } })
  })
}
