/** The addresses of apps, their keys and their rules. */
import { type Handler, Hono } from 'hono'
import type { ApiKey } from '../../../service/apps/api-keys.ts'
import type { App } from '../../../service/apps/apps.ts'
import { visibleApp } from '../../access.ts'
import type { Env, PageRequest } from '../../page-request.ts'
import { showFailure } from '../failures.tsx'
import {
  askToRetire,
  askToRevoke,
  makeToken,
  retireSecret,
  revokeKey,
  revokeTokens,
  rotateKey,
} from './key-actions.tsx'
import { editKey, makeKey, showEditKey, showNewKey, translateCapability } from './key-form.tsx'
import { showKey } from './key.tsx'
import { showKeys } from './keys.tsx'
import { makeApp, showApps } from './list.tsx'
import { askToRemoveRule, removeRule } from './rule-removal.tsx'
import { addRule, changeRule, showNewRule, showRule, showRules } from './rules.tsx'
import { askToRemoveApp, changeSettings, removeApp, showSettings } from './settings.tsx'

type Answer = Response | Promise<Response>

export function appPages(): Hono<Env> {
  const app = new Hono<Env>()
  app.get('/', (page) => showApps(page))
  app.post('/', makeApp)
  app.get('/:app', ofApp(showKeys))
  app.post('/:app/capability', ofApp(translateCapability))
  app.get(
    '/:app/settings',
    ofApp((page, one) => showSettings(page, one)),
  )
  app.post('/:app/settings', ofApp(changeSettings))
  app.get('/:app/remove', ofApp(askToRemoveApp))
  app.post('/:app/remove', ofApp(removeApp))
  app.get('/:app/rules', ofApp(showRules))
  app.post('/:app/rules', ofApp(addRule))
  app.get('/:app/rules/new', ofApp(showNewRule))
  app.get('/:app/rules/:rule', ofApp(showRule))
  app.post('/:app/rules/:rule', ofApp(changeRule))
  app.get('/:app/rules/:rule/remove', ofApp(askToRemoveRule))
  app.post('/:app/rules/:rule/remove', ofApp(removeRule))
  app.post('/:app/keys', ofApp(makeKey))
  app.get(
    '/:app/keys/new',
    ofApp((page, one) => showNewKey(page, one)),
  )
  app.get(
    '/:app/keys/:key',
    ofKey((page, one, key) => showKey(page, one, key)),
  )
  app.get(
    '/:app/keys/:key/edit',
    ofKey((page, one, key) => showEditKey(page, one, key)),
  )
  app.post('/:app/keys/:key/edit', ofKey(editKey))
  app.post('/:app/keys/:key/rotate', ofKey(rotateKey))
  app.get('/:app/keys/:key/retire', ofKey(askToRetire))
  app.post('/:app/keys/:key/retire', ofKey(retireSecret))
  app.post('/:app/keys/:key/token', ofKey(makeToken))
  app.post('/:app/keys/:key/revoke-tokens', ofKey(revokeTokens))
  app.get('/:app/keys/:key/revoke', ofKey(askToRevoke))
  app.post('/:app/keys/:key/revoke', ofKey(revokeKey))
  return app
}

/** Hands over the app that the address names, if whoever asks may see it. */
function ofApp(answer: (page: PageRequest, app: App) => Answer): Handler<Env> {
  return (page) => {
    const found = visibleApp(page, page.req.param('app') ?? '')
    return found.ok ? answer(page, found.value) : showFailure(page, found.failure)
  }
}

function ofKey(answer: (page: PageRequest, app: App, key: ApiKey) => Answer): Handler<Env> {
  return ofApp((page, app) => {
    const id = page.req.param('key') ?? ''
    const found = page.var.parts.services.apiKeys.find(app, id)
    if (!found.ok) return showFailure(page, found.failure)
    return answer(page, app, found.value)
  })
}
