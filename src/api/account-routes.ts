/** The operations on accounts. */
import { z } from 'zod'
import { fail, ok } from '../failure.ts'
import { isOwner, maySee } from './access.ts'
import type { ApiParts } from './parts.ts'
import { map } from './results.ts'
import { type Route, route } from './route.ts'
import * as shapes from './shapes.ts'

const accountParams = z.object({ account_id: z.string() })

export function accountRoutes({ services: { accounts } }: ApiParts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/me',
      summary: 'Who the access token speaks for',
      scope: undefined,
      params: shapes.none,
      query: shapes.none,
      status: 200,
      answer: shapes.me,
      handle: ({ bearer }) => ok(shapes.meView(bearer.account, bearer.token)),
    }),
    route({
      method: 'GET',
      path: '/accounts',
      summary: 'Lists accounts: all for the owner, otherwise your own',
      scope: 'read:account',
      params: shapes.none,
      query: shapes.none,
      status: 200,
      answer: z.array(shapes.account),
      handle: ({ bearer }) => {
        const seen = accounts.list().filter((account) => maySee(bearer, account.id))
        return ok(seen.map(shapes.accountView))
      },
    }),
    route({
      method: 'POST',
      path: '/accounts',
      summary: 'Adds an account; only the owner may',
      scope: 'write:account',
      params: shapes.none,
      query: shapes.none,
      body: shapes.newAccount,
      status: 201,
      answer: shapes.account,
      handle: ({ bearer, body }) => {
        if (!isOwner(bearer)) return fail('forbidden')
        return map(accounts.add(body.name), shapes.accountView)
      },
    }),
    route({
      method: 'DELETE',
      path: '/accounts/{account_id}',
      summary: 'Removes an account without reservations and apps; only the owner may',
      scope: 'write:account',
      params: accountParams,
      query: shapes.none,
      status: 204,
      handle: ({ bearer, path }) =>
        isOwner(bearer) ? accounts.remove(path.account_id) : fail('forbidden'),
    }),
  ]
}
