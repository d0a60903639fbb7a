/** Changes of the settings, and what each leaves in the audit trail. */
import type { Services } from '../../../src/service/services.ts'
import { must } from '../opened.ts'

type Case = readonly [name: string, act: (services: Services) => unknown, left: readonly string[]]

const defaultApp = ({ apps }: Services) => must(apps.find(undefined))

export const CHANGES: readonly Case[] = [
  [
    'reservations',
    ({ accounts, reservations }) => {
      must(reservations.add(accounts.ensureOwner(), 'acme', { joinKey: 'j', guardEvents: true }))
      must(reservations.change('acme', { joinKey: 'k', sendKey: 's', guardEvents: null }))
      must(reservations.change('acme', { joinKey: 'k', sendKey: null }))
      must(reservations.remove('acme'))
    },
    [
      'added the reservation acme (join key: set; guards events: yes)',
      'changed the reservation acme (join key: changed; send key: set; guards events: yes → none)',
      'changed the reservation acme (send key: taken away)',
      'removed the reservation acme',
    ],
  ],
  [
    'apps',
    ({ accounts, apps }) => {
      const { id } = must(apps.add(accounts.ensureOwner(), { name: 'shop', tlsOnly: true }))
      must(apps.set(id, { name: 'store', status: 'disabled', tlsOnly: true }))
      must(apps.remove(id))
    },
    [
      'added the app shop (status: enabled; TLS only: yes)',
      'changed the app store (name: shop → store; status: enabled → disabled)',
      'removed the app store',
    ],
  ],
  [
    'keys',
    (services) => {
      const app = defaultApp(services)
      const { key } = must(services.apiKeys.add(app, { name: 'root' }))
      must(services.apiKeys.set(app, key.id, { name: 'web', revocableTokens: true }))
      must(services.apiKeys.rotate(app, key.id))
      must(services.apiKeys.retire(app, key.id))
      must(services.apiKeys.revoke(app, key.id))
    },
    [
      'added the API key root ($) (capability: {"*":["*"]}; revocable tokens: no)',
      'changed the API key root ($) (name: root → web; revocable tokens: no → yes)',
      'made a new secret for the API key web ($)',
      'retired the old secret of the API key web ($)',
      'revoked the API key web ($)',
    ],
  ],
  [
    'channel rules',
    (services) => {
      const app = defaultApp(services)
      must(services.channelRules.add(app, 'news', { persisted: true }))
      must(services.channelRules.set(app, 'news', { persisted: false, tlsOnly: true }))
      must(services.channelRules.remove(app, 'news'))
    },
    [
      'added the channel rule news of default (persisted: no → yes)',
      'changed the channel rule news of default (persisted: yes → no; TLS only: no → yes)',
      'removed the channel rule news of default',
    ],
  ],
  [
    'access tokens',
    ({ accounts, accessTokens }) => {
      const wish = { scopes: ['read:app', 'write:app'], lifetime: undefined } as const
      const owner = accounts.ensureOwner()
      const { token } = accessTokens.add(owner, { name: 'deploy', ...wish })
      accessTokens.add(owner, { name: 'other', ...wish })
      must(accessTokens.remove(token.id))
      accessTokens.removeAll(owner)
    },
    [
      'added the access token deploy (scopes: read:app write:app)',
      'added the access token other (scopes: read:app write:app)',
      'revoked the access token deploy',
      'revoked the access token other',
    ],
  ],
]
