/** The operations on API keys, as in Ably's Control API v1, whose answers hold the whole key. */
import { z } from 'zod'
import type { Result } from '../failure.ts'
import type { ApiKey, ApiKeyChange } from '../service/apps/api-keys.ts'
import * as shapes from './app-shapes.ts'
import { ownApp } from './app-routes.ts'
import { type ApiParts, applied } from './parts.ts'
import { map } from './results.ts'
import { type Call, type Route, route } from './route.ts'
import { none } from './shapes.ts'

const appParams = z.object({ app_id: z.string() })
const keyParams = z.object({ app_id: z.string(), key_id: z.string() })

type KeyCall = Pick<Call<z.output<typeof keyParams>, unknown, unknown>, 'bearer' | 'path'>

export function keyRoutes(parts: ApiParts): Route[] {
  const { apiKeys } = parts.services
  const view = (key: ApiKey) => shapes.keyView(key, apiKeys.whole(key))
  const revoke = ({ bearer, path }: KeyCall): Result<ApiKey> => {
    const app = ownApp(parts, bearer, path.app_id)
    return app.ok ? applied(parts, apiKeys.revoke(app.value, path.key_id)) : app
  }
  return [
    route({
      method: 'GET',
      path: '/apps/{app_id}/keys',
      summary: 'Lists the keys of an app, revoked ones too',
      scope: 'read:key',
      params: appParams,
      query: none,
      status: 200,
      answer: z.array(shapes.key),
      handle: ({ bearer, path }) =>
        map(ownApp(parts, bearer, path.app_id), (app) => apiKeys.list(app).map(view)),
    }),
    route({
      method: 'POST',
      path: '/apps/{app_id}/keys',
      summary: 'Makes a key',
      scope: 'write:key',
      params: appParams,
      query: none,
      body: shapes.newKey,
      status: 201,
      answer: shapes.key,
      handle: ({ bearer, path, body }) => {
        const app = ownApp(parts, bearer, path.app_id)
        if (!app.ok) return app
        const added = applied(parts, apiKeys.add(app.value, changeOf(body)))
        return map(added, ({ key, whole }) => shapes.keyView(key, whole))
      },
    }),
    route({
      method: 'PATCH',
      path: '/apps/{app_id}/keys/{key_id}',
      summary: 'Changes what a key permits; applies at once, also to open connections',
      scope: 'write:key',
      params: keyParams,
      query: none,
      body: shapes.keyChange,
      status: 200,
      answer: shapes.key,
      handle: ({ bearer, path, body }) => {
        const app = ownApp(parts, bearer, path.app_id)
        if (!app.ok) return app
        return map(applied(parts, apiKeys.set(app.value, path.key_id, changeOf(body))), view)
      },
    }),
    route({
      method: 'POST',
      path: '/apps/{app_id}/keys/{key_id}/revoke',
      summary: 'Ends a key for good',
      scope: 'write:key',
      params: keyParams,
      query: none,
      status: 200,
      answer: shapes.key,
      handle: (call) => map(revoke(call), view),
    }),
    // Ably's command line uses this path to revoke.
    route({
      method: 'DELETE',
      path: '/apps/{app_id}/keys/{key_id}',
      summary: 'Ends a key for good',
      scope: 'write:key',
      params: keyParams,
      query: none,
      status: 204,
      handle: (call) => map(revoke(call), () => undefined),
    }),
  ]
}

function changeOf({
  name,
  capability,
  revocableTokens,
}: z.output<typeof shapes.keyChange>): ApiKeyChange {
  return {
    ...(name !== undefined && { name }),
    ...(capability !== undefined && capability !== null && { capability: { capability } }),
    ...(revocableTokens !== undefined && { revocableTokens }),
  }
}
