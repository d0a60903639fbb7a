/** Cases of histories: whatever is put in comes out again, at once. */
import { expect, test } from 'bun:test'
import { type HistoryBench, FORWARDS } from './history-bench.ts'
import { NOW } from './history-entries.ts'

export function contentCases(bench: HistoryBench): void {
  test('a channel that was never written to has nothing', () => {
    bench.begin()
    const nothing = { items: [], next: undefined, bytes: 0 }
    expect(bench.slice()).toEqual(nothing)
    expect(bench.history.message(bench.channel, '0:000')).toBeUndefined()
    expect(bench.history.versions(bench.channel, '0:000', FORWARDS)).toEqual(nothing)
    expect(bench.history.presence(bench.channel, FORWARDS)).toEqual(nothing)
    expect(bench.history.annotations(bench.channel, '0:000', FORWARDS)).toEqual(nothing)
  })

  test.each<[string, string | Uint8Array | undefined]>([
    ['nothing', undefined],
    ['text', 'a\u0000b "ü" 😀'],
    ['no text', ''],
    ['half of a surrogate pair', 'a\ud800b'],
    ['bytes', new Uint8Array([0, 1, 255])],
    ['bytes that are text', new TextEncoder().encode('text')],
    ['no bytes', new Uint8Array()],
  ])('%s comes out as it went in', async (_, data) => {
    bench.begin()
    const content = { data, encoding: 'x', extras: '{"b":1,"a":12345678901234567890}' }
    const message = bench.entries.message({
      ...content,
      name: 'name',
      clientId: 'ann',
      connectionId: 'c1',
      action: 'meta',
      summary: '{}',
      version: {
        serial: 'version',
        timestamp: NOW + 1,
        clientId: 'bob',
        description: '',
        metadata: '{}',
      },
    })
    const [presence] = bench.entries.presence({ ...content, action: 'update' })
    const annotation = bench.entries.annotation(message.message, {
      ...content,
      action: 'delete',
      name: 'name',
      clientId: 'ann',
      count: 3,
    })
    await bench.append(message, presence!, annotation)
    expect(bench.messages()).toEqual([annotation.message])
    expect(bench.history.message(bench.channel, message.message.serial)).toEqual(annotation.message)
    expect(bench.history.presence(bench.channel, FORWARDS).items).toEqual([presence!.change])
    const { items } = bench.history.annotations(bench.channel, message.message.serial, FORWARDS)
    expect(items).toEqual([annotation.annotation])
    for (const kept of [bench.messages()[0]!, items[0]!]) {
      expect(typeof kept.data).toBe(typeof data)
      expect(kept.data === undefined).toBe(data === undefined)
    }
  })

  test('what is left out stays left out', async () => {
    bench.begin()
    const message = bench.entries.message()
    const annotation = bench.entries.annotation(message.message)
    const [presence] = bench.entries.presence()
    await bench.append(message, presence!, annotation)
    expect(bench.messages()).toEqual([annotation.message])
    expect(bench.history.presence(bench.channel, FORWARDS).items).toEqual([presence!.change])
    const { items } = bench.history.annotations(bench.channel, message.message.serial, FORWARDS)
    expect(items).toEqual([annotation.annotation])
  })

  test('reads see what was appended before them, acknowledged or not', async () => {
    bench.begin()
    const [first, second] = [bench.entries.message(), bench.entries.message()]
    const kept = [bench.append(first)]
    expect(bench.messages()).toEqual([first.message])
    kept.push(bench.append(second))
    expect(bench.history.message(bench.channel, second.message.serial)).toEqual(second.message)
    await Promise.all(kept)
    expect(bench.messages()).toEqual([first.message, second.message])
  })

  test('appending nothing is kept at once', async () => {
    bench.begin()
    await bench.append()
    expect(bench.messages()).toEqual([])
  })

  test('messages that were published together are apart, in their order', async () => {
    bench.begin()
    const published = [bench.entries.messages({}, {}, {}), bench.entries.messages({}, {})].flat()
    await bench.append(...published.slice(0, 3))
    await bench.append(...published.slice(3))
    const inOrder = published.map(({ message }) => message.serial)
    expect(bench.serials()).toEqual(inOrder)
    expect(bench.serials({ direction: 'backwards' })).toEqual(inOrder.toReversed())
  })
}
