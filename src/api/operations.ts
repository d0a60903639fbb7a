/** Every operation of the HTTP API. They only translate: what may be done is decided by the services. */
import { z } from 'zod'
import { type Result, fail, ok } from '../failure.ts'
import type { Keyring } from '../identity/keyring.ts'
import type { Keys } from '../policy/keys.ts'
import type { Bearer } from '../service/access-tokens.ts'
import type { Account } from '../service/accounts.ts'
import type { LiveService } from '../service/live.ts'
import type { OwnedReservation } from '../service/reservations.ts'
import type { Services } from '../service/services.ts'
import { type Route, route } from './route.ts'
import * as shapes from './shapes.ts'

export interface ApiParts {
  readonly services: Pick<Services, 'accounts' | 'reservations' | 'keyring'>
  readonly live: LiveService
  /** Makes a change of the settings apply at once. */
  readonly onChange: () => void
}

const idParams = z.object({ id: z.string() })
const accountParams = z.object({ account_id: z.string() })

export function operations(parts: ApiParts): Route[] {
  return [...accountRoutes(parts), ...reservationRoutes(parts), ...liveRoutes(parts)]
}

function accountRoutes({ services: { accounts } }: ApiParts): Route[] {
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
      summary: 'Removes an account without reservations; only the owner may',
      scope: 'write:account',
      params: accountParams,
      query: shapes.none,
      status: 204,
      handle: ({ bearer, path }) =>
        isOwner(bearer) ? accounts.remove(path.account_id) : fail('forbidden'),
    }),
  ]
}

function reservationRoutes({ services: { accounts, reservations }, onChange }: ApiParts): Route[] {
  const changed = <T>(result: Result<T>): Result<T> => {
    if (result.ok) onChange()
    return result
  }
  const owned = (bearer: Bearer, wanted: string): Result<OwnedReservation> => {
    const found = reservations.find(wanted)
    // One of another account looks like none at all.
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

function liveRoutes({ services: { keyring }, live }: ApiParts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/channels',
      summary: 'Lists channels with somebody on them, the fullest first',
      scope: 'read:channel',
      params: shapes.none,
      query: shapes.none,
      status: 200,
      answer: z.array(shapes.channel),
      handle: ({ bearer }) => ok(live.channels(sight(bearer))),
    }),
    route({
      method: 'POST',
      path: '/channels/explain',
      summary: 'Says whether somebody with these keys may join and send, and which rule decides',
      scope: 'read:channel',
      params: shapes.none,
      query: shapes.none,
      body: shapes.question,
      status: 200,
      answer: shapes.explanation,
      handle: ({ bearer, body }) => {
        const answer = live.explain(body.channel, presentedKeys(keyring, body))
        // What another account's reservation says is its own business.
        return isOwner(bearer) || mayExplain(bearer, live, body.channel)
          ? ok(answer)
          : fail('forbidden')
      },
    }),
    route({
      method: 'GET',
      path: '/connections',
      summary: 'Lists connections, of one channel or of all',
      scope: 'read:connection',
      params: shapes.none,
      query: z.object({ channel: z.string().optional() }),
      status: 200,
      answer: z.array(shapes.connection),
      handle: ({ bearer, query }) => ok(live.connections(sight(bearer), query.channel)),
    }),
    route({
      method: 'DELETE',
      path: '/connections/{id}',
      summary: 'Disconnects a connection, which is told so',
      scope: 'write:connection',
      params: idParams,
      query: shapes.none,
      status: 204,
      handle: ({ bearer, path }) => live.disconnect(sight(bearer), path.id),
    }),
    route({
      method: 'DELETE',
      path: '/connections',
      summary: 'Disconnects everybody on a channel',
      scope: 'write:connection',
      params: shapes.none,
      query: z.object({ channel: z.string().min(1) }),
      status: 200,
      answer: shapes.disconnected,
      handle: ({ bearer, query }) =>
        ok({ disconnected: live.disconnectChannel(sight(bearer), query.channel) }),
    }),
  ]
}

/** Digests of the keys somebody would present. */
export function presentedKeys(
  keyring: Keyring,
  { joinKey, sendKey }: { joinKey?: string | undefined; sendKey?: string | undefined },
): Keys {
  return {
    ...(joinKey && { join: keyring.digest(joinKey) }),
    ...(sendKey && { send: keyring.digest(sendKey) }),
  }
}

function isOwner({ account }: Bearer): boolean {
  return account.role === 'owner'
}

function maySee(bearer: Bearer, accountId: string): boolean {
  return isOwner(bearer) || bearer.account.id === accountId
}

/** The account whose channels a bearer sees; undefined for all of them. */
function sight(bearer: Bearer): Account | undefined {
  return isOwner(bearer) ? undefined : bearer.account
}

function mayExplain(bearer: Bearer, live: LiveService, channel: string): boolean {
  return live.ownerOf(channel) === bearer.account.id
}

function visibleAccount(found: Result<Account>, bearer: Bearer): Result<Account> {
  return found.ok && !maySee(bearer, found.value.id) ? fail('account_unknown') : found
}

function map<T, U>(result: Result<T>, change: (value: T) => U): Result<U> {
  return result.ok ? ok(change(result.value)) : result
}

/** zod leaves absent members out or sets them undefined; the services tell the two apart from null only. */
function withoutUndefined<T extends object>(
  value: T,
): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> }
}
