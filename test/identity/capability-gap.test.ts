/** What the log says about an insufficient capability. */
import { afterAll, expect, test } from 'bun:test'
import { capabilityGap } from '../../src/identity/capability-gap.ts'
import { AblyApps, SECRET, jwt, outcome, value } from './ably-apps.ts'

const apps = new AblyApps()
afterAll(() => apps.close())

test('names the key, the nearest line and one that would permit it', async () => {
  const holder = value(await apps.withKey(`app1.narrow:${SECRET}`))
  expect(capabilityGap(holder, 'presence', 'news:uk')).toEqual({
    key: 'app1.narrow',
    operation: 'presence',
    resource: 'news:uk',
    because: 'the line "news:*":["publish","subscribe"] of the key is without presence',
    change: 'the line "news:uk":["presence"] would allow it',
  })
})

test('says if no line is near, and if only the token lacks it', async () => {
  const token = apps.issue('app1.root', { capability: '{"news:uk":["subscribe"]}' }).token
  const holder = value(await apps.withToken(token))
  expect(capabilityGap(holder, 'publish', 'chat')).toMatchObject({
    key: 'app1.root',
    because: 'no line of the token is about it',
  })
  const claim = { 'x-ably-capability': '{"news:uk":["subscribe"]}' }
  const bearer = value(await apps.withToken(await jwt(claim)))
  expect(capabilityGap(bearer, 'publish', 'news:uk').because).toContain('of the JWT is without')
})

test('stays short for any capability', async () => {
  const long = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`c${i}`, ['publish']]))
  const claim = { 'x-ably-capability': JSON.stringify(long) }
  const refused = await apps.withToken(await jwt(claim, { kid: 'app1.narrow' }))
  expect(outcome(refused)).toBe('401/40160')
  const because = refused.ok ? {} : refused.failure.because!()
  expect(because).toMatchObject({ key: 'app1.narrow' })
  expect(String(because['because']).length).toBeLessThan(700)
})
