/** Secrets in the wrong place are known by their shape, and names of people are not taken for any. */
import { describe, expect, test } from 'bun:test'
import { newAccessToken } from '../../src/identity/access-token.ts'
import { newDeviceToken } from '../../src/identity/device-token.ts'
import { Keyring } from '../../src/identity/keyring.ts'
import { NativeTokens } from '../../src/identity/native-token.ts'
import { newWebSecret } from '../../src/identity/web-secret.ts'
import { newSecret, newShortId } from '../../src/service/id.ts'
import { fieldsWithoutSecrets, shownText, withoutSecrets } from '../../src/text/secrets.ts'

const tokens = new NativeTokens(new Keyring(Buffer.alloc(32, 1)))

/** A secret of one kind, and the part that must be hidden. */
const MAKERS: Readonly<Record<string, () => readonly [whole: string, secret: string]>> = {
  'an API key': () => {
    const secret = newSecret()
    return [`${newShortId()}.${newShortId()}:${secret}`, secret]
  },
  'an API key of another server': () => {
    const secret = 'hX3kT9vQm2WbL7ra'
    return [`xVLyHw.${newShortId()}:${secret}`, secret]
  },
  'an API key in base64': () => {
    const text = btoa(`${newShortId()}.${newShortId()}:${newSecret()}`)
    return [text, text.slice(12)]
  },
  'a token': () => {
    const claims = { appId: newShortId(), keyId: newShortId(), issued: 1, expires: 2 }
    const token = tokens.issue({ ...claims, capability: new Map(), clientId: undefined })
    if (!token.ok) throw new Error(token.failure.message)
    return [token.value, token.value.slice(10)]
  },
  'a JWT': () => {
    const [header, payload] = ['{"alg":"HS256","typ":"JWT"}', '{"x-ably-clientId":"ann"}'].map(
      (part) => Buffer.from(part).toString('base64url'),
    )
    return [`${header}.${payload}.${newWebSecret()}`, payload!]
  },
  'the signature of a JWT': () => {
    const signature = newWebSecret()
    return [`${Buffer.from('{"alg":"HS256"}').toString('base64url')}.e30.${signature}`, signature]
  },
  'an access token': () => {
    const token = newAccessToken()
    return [token, token.slice(3)]
  },
  'the token of a device': () => {
    const token = newDeviceToken(newShortId())
    return [token, token.slice(14)]
  },
}

const PLACES: Readonly<Record<string, (secret: string) => string>> = {
  alone: (secret) => secret,
  'as a segment': (secret) => `/channels/${secret}/messages`,
  'below a name': (secret) => `acme:${secret}`,
  'in a sentence': (secret) => `there is no channel "${secret}", or you may not know`,
  encoded: (secret) => encodeURIComponent(secret),
  'encoded twice': (secret) => encodeURIComponent(encodeURIComponent(secret)),
  'in JSON': (secret) => JSON.stringify({ [secret]: ['*'] }),
  'with parameters': (secret) => `[?rewind=1]${secret}`,
}

const ROUNDS = 50

describe.each(Object.keys(MAKERS))('%s', (kind) => {
  test.each(Object.keys(PLACES))('%s', (place) => {
    for (let i = 0; i < ROUNDS; i++) {
      const [whole, secret] = MAKERS[kind]!()
      const shown = withoutSecrets(PLACES[place]!(whole))
      expect(shown).not.toContain(secret)
      expect(shown).toContain('[secret]')
    }
  })
})

// A few random secrets look like words; these do not.
test.each([
  ['a session or link', 'q8Zr1-TnLx7_Vb3KpW0sYdMcEa5uGhJi9XoQfRt2BzU'],
  ['the secret of a key alone', 'x3KfZ0tQm8Vb1LrWc7PyD2sHnG5uJaE9oTi4XkRv6Bq'],
  ['a made key of a reservation', 'acme/k3TzQ9wLm2XvB7nRfY5cHp8d'],
])('%s is recognised by its randomness', (_kind, text) => {
  expect(withoutSecrets(`?token=${text}`)).toContain('[secret]')
})

test('the name of a key is kept', () => {
  expect(withoutSecrets(`a1b2c3.d4e5f6:${newSecret()}`)).toBe('a1b2c3.d4e5f6:[secret]')
})

test.each([
  'acme/room',
  'soccer.league:premier-league-2024',
  'news.sports:Football-Champions-2024',
  'user-notifications-for-Project-Alpha-2024-q1',
  'MyVeryLongChannelNameInCamelCaseForTheProjectX',
  '550e8400-e29b-41d4-a716-446655440000',
  'user:V1StGXR8_Z5jdHi6B-myT',
  'uid:Xb3kQ9ZlT2aPqWm7Yc1VdRnE5sU8',
  '507f1f77bcf86cd799439011',
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '01ARZ3NDEKTSV4RRFFQ69G5FAV',
  '[meta]connection.lifecycle',
  'ws://127.0.0.1:45678/c/some/long/path:with.dots',
  'a%20name%3Athat is%2fencoded',
  'orders.events:550e8400-e29b-41d4-a716-446655440000',
  'chat.room:550e8400-e29b-41d4-a716-446655440000',
  'orders.events:V1StGXR8_Z5jdHi6B-myT',
  'chat.room:Xb3kQ9ZlT2aPqWm7Yc1VdRnE5sU8',
  'v1.users:01ARZ3NDEKTSV4RRFFQ69G5FAV',
  'wallet:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
  'device-kitchen-sensor-0123456789',
  'lk_',
  'eyJ',
])('%j is kept', (name) => {
  expect(withoutSecrets(name)).toBe(name)
})

test('fields lose secrets at any depth and are otherwise unchanged', () => {
  const [key] = MAKERS['an API key']!()
  const [token, secret] = MAKERS['an access token']!()
  const shown = fieldsWithoutSecrets({
    channel: key,
    deep: { list: [token, 1] },
    none: undefined,
    fault: new Error(token),
  })
  expect(JSON.stringify(shown)).not.toContain(secret)
  expect(shown).toMatchObject({ deep: { list: ['[secret]', 1] }, fault: '[secret]' })
})

test('the length of what is shown is bounded', () => {
  expect(shownText('x'.repeat(1_000_000)).length).toBeLessThan(5000)
})
