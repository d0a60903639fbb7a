/** Addresses below `/dashboard` of what the live pages keep up to date while they are open. */

/** What happens on a channel: no page, but a view (`dashboard/live/`). */
export const LOG_PATH = '/live/log'

/** Where pages are connected. */
export const SOCKET_PATH = '/live/socket'

/** Parts of pages, which can be asked for alone. */
export const PART = {
  figures: '/live/figures',
  channels: '/live/channels',
  connections: '/live/connections/list',
  refusals: '/live/refusals/list',
  people: '/live/channel/people',
  members: '/live/channel/connections',
} as const

export const PART_PATHS: ReadonlySet<string> = new Set(Object.values(PART))
