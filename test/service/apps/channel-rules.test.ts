/** Channel rules of apps. */
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { DEFAULT_RULE_SETTINGS } from '../../../src/policy/channel-rule.ts'
import type { App } from '../../../src/service/apps/apps.ts'
import type { Services } from '../../../src/service/services.ts'
import { Opened, failureOf, must } from '../opened.ts'

let opened: Opened
let services: Services
let app: App
beforeEach(() => {
  opened = new Opened()
  services = opened.services
  app = must(services.apps.find(undefined))
})
afterEach(() => opened.end())

test('a rule is added, changed, listed and removed', () => {
  const rules = services.channelRules
  const added = must(rules.add(app, 'chat', { persisted: true }))
  expect(added).toMatchObject({ ...DEFAULT_RULE_SETTINGS, id: 'chat', persisted: true })
  opened.now += 3
  const changed = must(rules.set(app, 'chat', { tlsOnly: true, batchingInterval: 50 }))
  expect(changed).toEqual({
    ...added,
    tlsOnly: true,
    batchingInterval: 50,
    updatedAt: added.createdAt + 3,
  })
  must(rules.add(app, 'a', {}))
  expect(rules.list(app).map(({ id }) => id)).toEqual(['a', 'chat'])
  expect(must(rules.find(app, 'chat'))).toEqual(changed)
  expect(must(rules.remove(app, 'chat'))).toEqual(changed)
  expect(rules.list(app).map(({ id }) => id)).toEqual(['a'])
})

test('an invalid rule is refused and not written', () => {
  const rules = services.channelRules
  must(rules.add(app, 'chat', { batchingEnabled: true }))
  expect(failureOf(rules.add(app, 'chat', {}))).toBe('rule_taken')
  expect(failureOf(rules.add(app, 'a:b', {}))).toBe('invalid')
  expect(failureOf(rules.set(app, 'chat', { conflationEnabled: true }))).toBe('invalid')
  expect(failureOf(rules.set(app, 'none', {}))).toBe('rule_not_found')
  expect(failureOf(rules.remove(app, 'none'))).toBe('rule_not_found')
  expect(rules.list(app)).toMatchObject([{ id: 'chat', conflationEnabled: false }])
})
