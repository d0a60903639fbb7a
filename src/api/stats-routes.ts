/** The statistics of apps and accounts, as in Ably's Control API v1. */
import { z } from 'zod'
import type { Result } from '../failure.ts'
import type { App } from '../service/apps/apps.ts'
import type { StatsWish } from '../service/stats/stats.ts'
import { UNITS } from '../stats/interval.ts'
import { visibleAccount } from './access.ts'
import { ownApp } from './app-routes.ts'
import type { ApiParts } from './parts.ts'
import { map } from './results.ts'
import { type Route, route } from './route.ts'

const params = z.object({ id: z.string() })

const moment = z
  .string()
  .optional()
  .describe('Milliseconds since the Unix epoch, or an interval such as 2026-11-22:13')

const query = z.object({
  start: moment,
  end: moment,
  unit: z.enum(UNITS).default('minute'),
  direction: z.enum(['forwards', 'backwards']).default('backwards'),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
})

const common = {
  intervalId: z.string().describe('When the interval began, in UTC'),
  unit: z.enum(UNITS),
  schema: z.string(),
  entries: z.record(z.string(), z.number()).describe('Numbers by name; what is nought is left out'),
  inProgress: z.string().optional().describe('While the interval lasts: the last minute in it'),
}
const appStats = z.object({ ...common, appId: z.string() }).meta({ id: 'AppStats' })
const accountStats = z.object({ ...common, accountId: z.string() }).meta({ id: 'AccountStats' })

export function statsRoutes(parts: ApiParts): Route[] {
  const { accounts, apps, stats } = parts.services
  const read = (of: readonly App[], wish: StatsWish, owner: object): Result<object[]> =>
    map(
      stats.records(
        of.map(({ id }) => id),
        wish,
      ),
      (records) => records.map((record) => Object.assign(record, owner)),
    )
  return [
    route({
      method: 'GET',
      path: '/apps/{id}/stats',
      summary: 'Reads the statistics of an app, the newest first',
      scope: 'read:stats',
      params,
      query,
      status: 200,
      answer: z.array(appStats),
      handle: ({ bearer, path, query: wish }) => {
        const app = ownApp(parts, bearer, path.id)
        return app.ok ? read([app.value], wish, { appId: app.value.id }) : app
      },
    }),
    route({
      method: 'GET',
      path: '/accounts/{id}/stats',
      summary: 'Reads the statistics of all apps of an account together',
      scope: 'read:stats',
      params,
      query,
      status: 200,
      answer: z.array(accountStats),
      handle: ({ bearer, path, query: wish }) => {
        const account = visibleAccount(accounts.find(path.id), bearer)
        if (!account.ok) return account
        return read(apps.list(account.value), wish, { accountId: account.value.id })
      },
    }),
  ]
}
