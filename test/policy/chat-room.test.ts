/** Channels that are rooms of Ably Chat, and their rules. */
import { describe, expect, test } from 'bun:test'
import { ChannelClaims } from '../../src/policy/channel-claims.ts'
import { DEFAULT_RULE_SETTINGS, settingsFor } from '../../src/policy/channel-rule.ts'
import { isRoomChannel, roomChannel, roomClaimPattern } from '../../src/policy/chat-room.ts'

describe('the channel of a room', () => {
  test.each([
    ['v4', 'a::$chat'],
    ['v3', 'a::$chat'],
    ['v2', 'a::$chat::$chatMessages'],
    ['v1', 'a::$chat::$chatMessages'],
    ['v5', undefined],
    ['4', undefined],
  ])('in %s is %s', (version, channel) => {
    expect(roomChannel('a', version)).toBe(channel)
    if (channel !== undefined) expect(isRoomChannel(channel)).toBe(true)
  })

  test.each(['a', 'a::$chatter', '$chat', 'a:$chat', 'a::$chat:b', 'a::$chat::$typing'])(
    'of a name that is not a room: %s',
    (channel) => expect(isRoomChannel(channel)).toBe(false),
  )
})

describe('on a room', () => {
  const strict = { ...DEFAULT_RULE_SETTINGS, tlsOnly: true }
  const rules = new Map([['safe', strict]])

  test('messages can be changed, and the rest follows the rule', () => {
    expect(settingsFor(rules, 'safe:1::$chat')).toEqual({ ...strict, mutableMessages: true })
    expect(settingsFor(rules, 'a::$chat')).toEqual({
      ...DEFAULT_RULE_SETTINGS,
      mutableMessages: true,
    })
    expect(settingsFor(rules, 'safe:1')).toBe(strict)
    expect(settingsFor(new Map(), 'a')).toBe(DEFAULT_RULE_SETTINGS)
  })

  test('the same settings are the same object', () => {
    expect(settingsFor(rules, 'safe::$chat')).toBe(settingsFor(rules, 'safe:2::$chat'))
  })
})

test('a claim about a room applies to its channel only', () => {
  const claims = new ChannelClaims(
    new Map([
      [roomClaimPattern('a'), 'one'],
      [roomClaimPattern('*'), 'any'],
    ]),
  )
  expect(claims.for('a::$chat')).toBe('one')
  expect(claims.for('b::$chat')).toBe('any')
  expect(new ChannelClaims(new Map([[roomClaimPattern('a'), 'one']])).for('a')).toBeUndefined()
})
