/** Who may join and send: the documented order of priority, and what must hold whatever the facts. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  type ChannelFacts,
  type CommonsRules,
  type Reservation,
  decideJoin,
  decidePush,
  decideStay,
} from '../../src/policy/channel-access.ts'
import type { Keys } from '../../src/policy/channel-keys.ts'
import type { Match } from '../../src/policy/namespaces.ts'

const OPEN: CommonsRules = { openChannels: true, strictKeys: false }

/** A digest stands for a key; all have one length. */
const digest = (letter: string) => new TextEncoder().encode(letter.padEnd(32, '.').slice(0, 32))

function keys(join?: string, send?: string): Keys {
  return {
    ...(join !== undefined && { join: digest(join) }),
    ...(send !== undefined && { send: digest(send) }),
  }
}

function reservation(namespace: string, held: Keys = {}): Reservation {
  return { id: namespace, accountId: 'account', namespace, keys: held, options: {} }
}

function match(best: Reservation, more: Partial<Match<Reservation>> = {}): Match<Reservation> {
  return { best, parent: undefined, exact: true, ...more }
}

const facts = (found?: Match<Reservation>, ephemeral?: Keys): ChannelFacts => ({
  match: found,
  ephemeral,
})

describe('decideJoin', () => {
  const vault = reservation('acme:vault', keys('v'))
  const acme = reservation('acme', keys('a'))
  const squat = keys('squat')

  test.each([
    ['AC-19 the most specific first', match(vault, { parent: acme }), squat, 'namespace', 'v'],
    ['AC-19 also below it', match(vault, { parent: acme, exact: false }), squat, 'namespace', 'v'],
    ['AC-20 then the parent', match(acme, { exact: false }), squat, 'parent', 'a'],
    ['AC-20 its own name is no parent', match(acme), squat, 'namespace', 'a'],
    ['AC-21 then the first joiner', undefined, squat, 'ephemeral', 'squat'],
  ])('%s', (_priority, found, ephemeral, rule, opener) => {
    const decide = (join: string) => decideJoin(keys(join), facts(found, ephemeral), OPEN)
    for (const join of ['v', 'a', 'squat']) {
      const verdict = decide(join)
      expect(verdict.join).toBe(join === opener)
      expect(verdict.because.rule).toBe(rule as typeof verdict.because.rule)
      expect(verdict.because.reservation).toBe(found?.best as Reservation)
    }
  })

  test('AC-22 then open', () => {
    const verdict = decideJoin({}, facts(), OPEN)
    expect(verdict).toMatchObject({ join: true, send: true, because: { rule: 'open' } })
  })

  test('AC-12 the first joiner sets what it brings, and may send', () => {
    const brought = keys('j', 's')
    expect(decideJoin(brought, facts(), OPEN)).toMatchObject({
      join: true,
      send: true,
      sets: brought,
      because: { rule: 'ephemeral' },
    })
  })

  test('AC-30 a verdict names the reservation that it overrides', () => {
    const child = reservation('acme:vault')
    const verdict = decideJoin({}, facts(match(child, { parent: acme })), OPEN)
    expect(verdict.join).toBe(true)
    expect(verdict.because.overrides).toBe(acme)
  })

  test.each([
    ['AC-24 a key that is not asked for', match(reservation('x')), keys('k'), 'keys_refused'],
    [
      'AC-25 a send key too many',
      match(reservation('x', keys('j'))),
      keys('j', 's'),
      'keys_refused',
    ],
    ['AC-3 no join key', match(reservation('x', keys('j'))), {}, 'join_refused'],
    ['AC-3 a wrong join key', match(reservation('x', keys('j'))), keys('k'), 'join_refused'],
  ])('%s is refused', (_case, found, presented, failure) => {
    const verdict = decideJoin(presented, facts(found), OPEN)
    expect(verdict).toMatchObject({ join: false, failure })
  })

  test('AC-27 strict keys concern only channels that are there and have none', () => {
    const strict = { openChannels: true, strictKeys: true }
    expect(decideJoin(keys('k'), facts(), strict).join).toBe(true)
    expect(decideJoin(keys('k'), facts(undefined, {}), strict).join).toBe(false)
    expect(decideJoin(keys('k'), facts(undefined, {}), OPEN).join).toBe(true)
    expect(decideJoin(keys('j', 'x'), facts(undefined, keys('j')), strict).join).toBe(false)
    expect(decideJoin(keys('j'), facts(undefined, keys('j', 's')), strict)).toMatchObject({
      join: true,
      send: false,
    })
  })

  test('closed commons refuse what no reservation covers', () => {
    const closed = { openChannels: false, strictKeys: false }
    expect(decideJoin({}, facts(), closed)).toMatchObject({
      join: false,
      failure: 'channel_not_open',
      because: { rule: 'closed' },
    })
    expect(decideJoin({}, facts(match(reservation('x'))), closed).join).toBe(true)
  })
})

const anyKey = fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined })
const anyKeys = fc.tuple(anyKey, anyKey).map(([join, send]) => keys(join, send))
const anyMatch = fc.option(
  fc
    .record({ held: anyKeys, parent: fc.option(anyKeys, { nil: undefined }), exact: fc.boolean() })
    .map(({ held, parent, exact }) =>
      match(reservation('x:y', held), { exact, parent: parent && reservation('x', parent) }),
    ),
  { nil: undefined },
)
const anyFacts = fc.record({
  match: anyMatch,
  ephemeral: fc.option(anyKeys, { nil: undefined }),
})
const anyRules = fc.record({ openChannels: fc.boolean(), strictKeys: fc.boolean() })

const same = (a: Uint8Array | undefined, b: Uint8Array | undefined) =>
  a !== undefined && b !== undefined && Buffer.compare(a, b) === 0

/** The keys that rule a channel, wherever they come from. */
const ruling = ({ match: found, ephemeral }: ChannelFacts): Keys =>
  found?.best.keys ?? ephemeral ?? {}

/** Checks a property for every combination, of newcomers and of members. */
function always(holds: (presented: Keys, known: ChannelFacts, rules: CommonsRules) => void): void {
  fc.assert(fc.property(anyKeys, anyFacts, anyRules, holds), { numRuns: 2000 })
}

describe('for any facts', () => {
  test('AC-2 nobody joins or stays where a join key is asked for and not presented', () => {
    always((presented, known, rules) => {
      const wanted = ruling(known).join
      if (!wanted || same(presented.join, wanted)) return
      expect(decideJoin(presented, known, rules).join).toBe(false)
      expect(decideStay(presented, known, rules).join).toBe(false)
    })
  })

  test('AC-5 nobody sends where a send key is asked for and not presented', () => {
    always((presented, known, rules) => {
      const wanted = ruling(known).send
      if (!wanted || same(presented.send, wanted)) return
      for (const decide of [decideJoin, decideStay]) {
        const verdict = decide(presented, known, rules)
        expect(verdict.join && verdict.send).toBe(false)
      }
    })
  })

  test('AC-7 whoever presents exactly the keys asked for joins and sends', () => {
    always((_presented, known, { strictKeys }) => {
      const verdict = decideJoin(ruling(known), known, { openChannels: true, strictKeys })
      expect(verdict).toMatchObject({ join: true, send: true })
    })
  })

  test('AC-17 keys are set only by the first on a channel that nobody reserved', () => {
    always((presented, known, rules) => {
      const verdict = decideJoin(presented, known, rules)
      if (!verdict.join || verdict.sets === undefined) return
      expect(known).toEqual({ match: undefined, ephemeral: undefined })
      expect(verdict.sets).toBe(presented)
    })
  })

  test('AC-17 under a keyless reservation no key gets in, and none is needed', () => {
    always((presented, known, rules) => {
      const found = match(reservation('x'), known.match && { exact: known.match.exact })
      const verdict = decideJoin(presented, { ...known, match: found }, rules)
      expect(verdict.join).toBe(!presented.join && !presented.send)
    })
  })

  test('AC-18 under a reservation ephemeral keys change nothing', () => {
    always((presented, known, rules) => {
      if (!known.match) return
      const without = { ...known, ephemeral: undefined }
      expect(decideJoin(presented, known, rules)).toEqual(decideJoin(presented, without, rules))
      expect(decideStay(presented, known, rules)).toEqual(decideStay(presented, without, rules))
    })
  })

  test('AC-30 the keys of a parent change nothing', () => {
    always((presented, known, rules) => {
      if (!known.match) return
      const bare = { ...known, match: { ...known.match, parent: reservation('x') } }
      const [a, b] = [known, bare].map((each) => decideJoin(presented, each, rules))
      expect(a!.join).toBe(b!.join)
      expect(a!.join && a!.send).toBe(b!.join && b!.send)
    })
  })

  test('AC-32 who is let in again could stay, with the same voice', () => {
    always((presented, known, rules) => {
      const joins = decideJoin(presented, known, rules)
      // The first joiner sets the keys and is not asked for any.
      if (!joins.join || joins.sets !== undefined) return
      expect(decideStay(presented, known, rules)).toMatchObject({ join: true, send: joins.send })
    })
  })

  test('every verdict says which rule decided, in the order of priority', () => {
    always((presented, known, rules) => {
      const { rule, reservation: by, detail } = decideJoin(presented, known, rules).because
      expect(detail).not.toBe('')
      expect(by).toBe(known.match?.best as Reservation)
      if (known.match) expect(['namespace', 'parent']).toContain(rule)
      else if (!rules.openChannels) expect(rule).toBe('closed')
      else expect(['ephemeral', 'open']).toContain(rule)
    })
  })

  test('H-1 a push needs a reserved send key and exactly that', () => {
    always((presented, known) => {
      const wanted = known.match?.best.keys.send
      const verdict = decidePush(presented, known.match)
      expect(verdict.join).toBe(same(presented.send, wanted))
      if (!verdict.join) expect(verdict.failure).toBe('push_refused')
    })
  })
})
