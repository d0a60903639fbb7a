/** The operations on reservations. */
import { z } from 'zod'
import { type Result, fail } from '../failure.ts'
import type { Bearer } from '../service/accounts/access-tokens.ts'
import type { OwnedReservation } from '../service/reservations/reservations.ts'
import { maySee, visibleAccount } from './access.ts'
import { type ApiParts, applied } from './parts.ts'
import { map, withoutUndefined } from './results.ts'
import { type Route, route } from './route.ts'
import * as shapes from './shapes.ts'

const idParams = z.object({ id: z.string() })
const accountParams = z.object({ account_id: z.string() })

export function reservationRoutes(parts: ApiParts): Route[] {
  const { accounts, reservations } = parts.services
  const changed = <T>(result: Result<T>): Result<T> => applied(parts, result)
  const owned = (bearer: Bearer, wanted: string): Result<OwnedReservation> => {
    const found = reservations.find(wanted)
    // A reservation of another account is answered as unknown.
    return found.ok && !maySee(bearer, found.value.accountId) ? fail('reservation_unknown') : found
  }
  return [
    route({
      method: 'GET',
      path: '/accounts/{account_id}/reservations',
      summary: 'Lists the reservations of an account',
      scope: 'read:reservation',
      params: accountParams,
      query: shapes.none,
      status: 200,
      answer: z.array(shapes.reservation),
      handle: ({ bearer, path }) => {
        const account = visibleAccount(accounts.find(path.account_id), bearer)
        return map(account, (value) => reservations.list(value).map(shapes.reservationView))
      },
    }),
    route({
      method: 'POST',
      path: '/accounts/{account_id}/reservations',
      summary: 'Reserves a namespace',
      scope: 'write:reservation',
      params: accountParams,
      query: shapes.none,
      body: shapes.newReservation,
      status: 201,
      answer: shapes.reservation,
      handle: ({ bearer, path, body: { namespace, ...change } }) => {
        const account = visibleAccount(accounts.find(path.account_id), bearer)
        if (!account.ok) return account
        const given = withoutUndefined(change)
        return map(changed(reservations.add(account.value, namespace, given)), shapes.reservedView)
      },
    }),
    route({
      method: 'GET',
      path: '/reservations/{id}',
      summary: 'Reads a reservation',
      scope: 'read:reservation',
      params: idParams,
      query: shapes.none,
      status: 200,
      answer: shapes.reservation,
      handle: ({ bearer, path }) => map(owned(bearer, path.id), shapes.reservationView),
    }),
    route({
      method: 'PATCH',
      path: '/reservations/{id}',
      summary: 'Changes keys and options; applies at once to those who are connected',
      scope: 'write:reservation',
      params: idParams,
      query: shapes.none,
      body: shapes.reservationChange,
      status: 200,
      answer: shapes.reservation,
      handle: ({ bearer, path, body }) => {
        const found = owned(bearer, path.id)
        if (!found.ok) return found
        const change = changed(reservations.change(found.value.id, withoutUndefined(body)))
        return map(change, shapes.reservedView)
      },
    }),
    route({
      method: 'DELETE',
      path: '/reservations/{id}',
      summary: 'Gives a namespace back',
      scope: 'write:reservation',
      params: idParams,
      query: shapes.none,
      status: 204,
      handle: ({ bearer, path }) => {
        const found = owned(bearer, path.id)
        return found.ok ? changed(reservations.remove(found.value.id)) : found
      },
    }),
  ]
}
