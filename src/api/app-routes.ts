/** The operations on apps, as in Ably's Control API v1. */
import { z } from 'zod'
import { type Result, fail } from '../failure.ts'
import type { Bearer } from '../service/accounts/access-tokens.ts'
import type { App, AppChange } from '../service/apps/apps.ts'
import { type AppLimits, NO_APP_LIMITS, changedLimits } from '../policy/app-limits.ts'
import { isOwner, maySee, visibleAccount } from './access.ts'
import * as shapes from './app-shapes.ts'
import { type ApiParts, applied } from './parts.ts'
import { map, withoutUndefined } from './results.ts'
import { type Route, route } from './route.ts'
import { none } from './shapes.ts'

const appParams = z.object({ id: z.string() })
const accountParams = z.object({ account_id: z.string() })

/** Resources of apps that Ably has and this server has not. They are answered as empty lists, which clients ask for first. */
function emptyRoutes(parts: ApiParts): Route[] {
  return ['rules', 'queues'].map((name) =>
    route({
      method: 'GET',
      path: `/apps/{id}/${name}`,
      summary: `Lists the ${name} of an app, of which there are none`,
      scope: 'read:app',
      params: appParams,
      query: none,
      status: 200,
      answer: z.array(z.never()),
      handle: ({ bearer, path }) => map(ownApp(parts, bearer, path.id), () => []),
    }),
  )
}

export function appRoutes(parts: ApiParts): Route[] {
  const { accounts, apps } = parts.services
  return [
    ...emptyRoutes(parts),
    route({
      method: 'GET',
      path: '/accounts/{account_id}/apps',
      summary: 'Lists the apps of an account',
      scope: 'read:app',
      params: accountParams,
      query: none,
      status: 200,
      answer: z.array(shapes.app),
      handle: ({ bearer, path }) => {
        const account = visibleAccount(accounts.find(path.account_id), bearer)
        return map(account, (value) => apps.list(value).map(shapes.appView))
      },
    }),
    route({
      method: 'POST',
      path: '/accounts/{account_id}/apps',
      summary: 'Adds an app; it has no keys yet',
      scope: 'write:app',
      params: accountParams,
      query: none,
      body: shapes.newApp,
      status: 201,
      answer: shapes.app,
      handle: ({ bearer, path, body }) => {
        const account = visibleAccount(accounts.find(path.account_id), bearer)
        if (!account.ok) return account
        const refused = limitsRefusal(bearer, NO_APP_LIMITS, body)
        if (refused) return refused
        const wish = { ...changeOf(body), name: body.name }
        return map(applied(parts, apps.add(account.value, wish)), shapes.appView)
      },
    }),
    route({
      method: 'PATCH',
      path: '/apps/{id}',
      summary: 'Renames, enables or disables an app; applies at once',
      scope: 'write:app',
      params: appParams,
      query: none,
      body: shapes.appChange,
      status: 200,
      answer: shapes.app,
      handle: ({ bearer, path, body }) => {
        const found = ownApp(parts, bearer, path.id)
        if (!found.ok) return found
        if (body.id !== undefined && body.id !== path.id) {
          return fail('invalid', 'body.id: the id of an app cannot be changed')
        }
        const refused = limitsRefusal(bearer, found.value, body)
        if (refused) return refused
        return map(applied(parts, apps.set(path.id, changeOf(body))), shapes.appView)
      },
    }),
    route({
      method: 'DELETE',
      path: '/apps/{id}',
      summary: 'Removes an app with its keys and namespaces',
      scope: 'write:app',
      params: appParams,
      query: none,
      status: 204,
      handle: ({ bearer, path }) => {
        const found = ownApp(parts, bearer, path.id)
        return found.ok ? applied(parts, apps.remove(path.id)) : found
      },
    }),
  ]
}

/** Finds an app by id; one of another account is answered as unknown. */
export function ownApp({ services }: ApiParts, bearer: Bearer, id: string): Result<App> {
  const found = services.apps.find(id)
  return found.ok && found.value.id === id && maySee(bearer, found.value.accountId)
    ? found
    : fail('app_not_found')
}

type Wish = Pick<z.output<typeof shapes.appChange>, 'name' | 'status' | 'tlsOnly' | 'limits'>

/** Only the owner account may change limits of an app; allowed origins may be changed by the app's own account. */
function limitsRefusal(
  bearer: Bearer,
  before: AppLimits,
  { limits }: Wish,
): Result<never> | undefined {
  if (isOwner(bearer)) return undefined
  const changed = changedLimits(before, withoutUndefined(limits ?? {}))
  return changed.every((name) => name === 'allowedOrigins')
    ? undefined
    : fail('forbidden', 'only the owner of the server sets how much an app may take up')
}

function changeOf({ name, status, tlsOnly, limits }: Wish): AppChange {
  return withoutUndefined({ name, status, tlsOnly, ...limits })
}
