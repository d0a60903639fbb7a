/** The one node that there is without a cluster: it answers itself, at once. */
import { expect, test } from 'bun:test'
import type { NoticeKind, QuestionKind } from '../../src/cluster/cluster.ts'
import { Handlers } from '../../src/cluster/handlers.ts'
import { SingleNode } from '../../src/cluster/single.ts'

const SUM: QuestionKind<readonly number[], number> = { name: 'sum' }
const LATER: QuestionKind<string, string> = { name: 'later' }
const NEWS: NoticeKind<string> = { name: 'news' }

function node() {
  let now = 0
  const handlers = new Handlers()
  const self = { id: 'a1', name: 'a', idPrefix: '' }
  const cluster = new SingleNode(self, handlers, () => now)
  return { cluster, handlers, self, pass: (ms: number) => (now += ms) }
}

test('a question is answered in the same turn, and nobody is missing', () => {
  const { cluster, handlers, self } = node()
  handlers.answer(SUM, (numbers) => numbers.reduce((sum, number) => sum + number, 0))
  const answers = cluster.ask(SUM, [1, 2, 3])
  expect(answers).toEqual({ given: [{ node: self, value: 6 }], missing: [] })
  expect(cluster.nodes()).toEqual([self])
  expect(cluster.level()).toBe('up')
})

test('an answer that comes later is awaited', async () => {
  const { cluster, handlers } = node()
  handlers.answer(LATER, (text) => Promise.resolve(`${text}!`))
  const answers = cluster.ask(LATER, 'here')
  expect(answers).toBeInstanceOf(Promise)
  expect((await answers).given.map(({ value }) => value)).toEqual(['here!'])
})

test('throws for a question that nothing answers', () => {
  expect(() => node().cluster.ask(SUM, [1])).toThrow('nothing here answers')
})

test('a notice is handled in the same turn, and an unknown one ignored', () => {
  const { cluster, handlers } = node()
  const heard: string[] = []
  cluster.tell(NEWS, 'early')
  handlers.hear(NEWS, (text) => heard.push(text))
  cluster.tell(NEWS, 'late')
  expect(heard).toEqual(['late'])
})

test('a claim holds for its time and is free afterwards', () => {
  const { cluster, pass } = node()
  const claim = (name: string, keepMs = 1000) => cluster.once(name, keepMs)
  expect(claim('x')).toEqual({ ok: true, value: true })
  expect(claim('x')).toEqual({ ok: true, value: false })
  expect(claim('y')).toEqual({ ok: true, value: true })
  pass(999)
  expect(claim('x')).toEqual({ ok: true, value: false })
  pass(1)
  expect(claim('x', 60_000)).toEqual({ ok: true, value: true })
  // The first claim is forgotten now, and the one after it is not.
  pass(30_000)
  expect(claim('x')).toEqual({ ok: true, value: false })
})
