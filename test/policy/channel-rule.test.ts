/** Which rule a channel falls under, and which rules can be. */
import { expect, test } from 'bun:test'
import {
  type ChannelRule,
  DEFAULT_RULE_SETTINGS,
  identityRefusal,
  ruleFault,
  ruleFaultText,
  ruleIdOf,
} from '../../src/policy/channel-rule.ts'

const rule = (change: Partial<ChannelRule>): ChannelRule => ({
  ...DEFAULT_RULE_SETTINGS,
  id: 'chat',
  ...change,
})

test.each([
  ['chat', 'chat'],
  ['chat:', 'chat'],
  ['chat:lobby', 'chat'],
  ['chat:a:b', 'chat'],
  ['chatter:a', 'chatter'],
  [':a', ''],
])('%s is under %s', (channel, id) => {
  expect(ruleIdOf(channel)).toBe(id)
})

test('a rule with only an id is valid', () => {
  expect(ruleFault(rule({}))).toBeUndefined()
  expect(ruleFault(rule({ batchingEnabled: true, batchingInterval: 20 }))).toBeUndefined()
})

test.each([
  [{ id: '' }, '1 to 128'],
  [{ id: 'x'.repeat(129) }, '1 to 128'],
  [{ id: 'a:b' }, 'no colon'],
  [{ id: '*' }, 'no *'],
  [{ id: '[meta]' }, 'no ['],
  [{ id: 'a\n' }, 'first segment'],
  [{ id: '\uD800' }, 'first segment'],
  [{ batchingInterval: 0 }, 'batchingInterval'],
  [{ conflationInterval: 60_001 }, 'conflationInterval'],
  [{ conflationInterval: 1.5 }, 'conflationInterval'],
  [{ batchingEnabled: true, conflationEnabled: true }, 'both'],
])('%j is not valid', (change, complaint) => {
  expect(ruleFaultText(ruleFault(rule(change))!)).toContain(complaint)
})

test.each([
  [{}, false, undefined],
  [{ tlsOnly: true }, false, undefined],
  [{ authenticated: true }, false, 'identity_required'],
  [{ authenticated: true }, true, undefined],
])('a rule %j refuses a client whose identity is known (%p): %p', (change, isKnown, expected) => {
  const refusal = identityRefusal({ ...DEFAULT_RULE_SETTINGS, ...change }, isKnown)
  expect(refusal?.name).toBe(expected as never)
})
