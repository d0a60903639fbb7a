/** Who was turned away lately, and why; for an origin, what would let it in. */
/** @jsxImportSource hono/jsx */
import type { Soon } from '../../../core/soon.ts'
import { allowingSetting, nearMiss } from '../../../policy/origin.ts'
import type { RefusalSummary, RefusalsFound } from '../../../service/live/recent-refusals.ts'
import { accountScope } from '../../access.ts'
import { shellQuoted } from '../../../text/shell.ts'
import type { PageRequest } from '../../page-request.ts'
import { showPart } from '../../view/layout.tsx'
import { MissingNodes } from '../../view/missing-nodes.tsx'
import { usePage } from '../../view/page-context.ts'
import { Card, Code, Empty, Time, PageLink } from '../../view/components.tsx'
import { Table } from '../../view/table.tsx'
import { plural, ruleText } from '../../format.ts'
import { sentence } from '../failures.tsx'
import { channelPath } from './addresses.ts'
import { AppName, LivePart, showLive } from './layout.tsx'
import { PART } from './paths.ts'

export async function showRefusals(page: PageRequest): Promise<Response> {
  const found = await recent(page)
  return showLive(
    page,
    '/live/refusals',
    <Card flush>
      <LivePart path={PART.refusals} id="refusals">
        <Refusals found={found} />
      </LivePart>
    </Card>,
  )
}

/** The list alone, for the script. */
export async function showRefusalsPart(page: PageRequest): Promise<Response> {
  return showPart(page, <Refusals found={await recent(page)} />)
}

function recent(page: PageRequest): Soon<RefusalsFound> {
  return page.var.parts.refusals.recent(accountScope(page))
}

function Refusals({ found: { items, missing } }: { found: RefusalsFound }) {
  if (items.length === 0 && missing.length === 0)
    return (
      <Empty icon="shield" title="Nobody was turned away">
        Wrong keys, limits, foreign origins: whatever the server refuses stands here with the reason
        and the setting behind it, until it is restarted.
      </Empty>
    )
  return (
    <>
      <MissingNodes names={missing} />
      <Table head={['When', 'Why', 'Where', 'Address']}>
        {items.map((refused) => (
          <Row refused={refused} />
        ))}
      </Table>
    </>
  )
}

function Row({ refused: { last, count, message, reason, detail } }: { refused: RefusalSummary }) {
  const { address, because, setting, origin } = detail
  return (
    <tr class="top">
      <td data-label="When" class="nowrap">
        <Time at={last} />
        {count > 1 && <div class="small faint">{plural(count, 'time')}</div>}
      </td>
      <td data-label="Why">
        <div class="stack tight">
          <span>{sentence(message)}</span>
          {typeof because === 'string' && because !== message && (
            <span class="small faint">{sentence(because)}</span>
          )}
          <span class="small faint mono breaks">{reason}</span>
          {typeof setting === 'string' && (
            <span class="small faint">
              Decided by <code>{setting}</code>
            </span>
          )}
          {typeof origin === 'string' && <Allow origin={origin} />}
        </div>
      </td>
      <td data-label="Where" class="breaks">
        <Where detail={detail} />
      </td>
      <td data-label="Address" class="mono">
        {typeof address === 'string' ? address : ''}
      </td>
    </tr>
  )
}

/** The list of origins is read at the start, so it cannot be changed from here. */
function Allow({ origin }: { origin: string }) {
  const { allowedOrigins } = usePage().var.parts
  const setting = allowingSetting(origin, allowedOrigins)
  const near = nearMiss(origin, allowedOrigins)
  if (setting === undefined) return <></>
  return (
    <details class="fold">
      <summary class="small">
        Allow <span class="mono">{origin}</span>
      </summary>
      <div class="stack tight">
        {near === undefined ? <></> : <p class="small">{`${near}.`}</p>}
        <p class="small">If this site is yours, start the server with this option:</p>
        <Code text={`--allowed-origins ${shellQuoted(setting)}`} label="the option" />
        <p class="small">or with this variable in its environment:</p>
        <Code text={`LATCHKEY_ALLOWED_ORIGINS=${shellQuoted(setting)}`} label="the variable" />
      </div>
    </details>
  )
}

const PLACES = ['channel', 'app', 'key', 'route', 'origin', 'rule'] as const

type PlaceName = (typeof PLACES)[number]

function Where({ detail }: { detail: RefusalSummary['detail'] }) {
  const places = PLACES.flatMap((place) => {
    const value = detail[place]
    return typeof value === 'string' ? [[place, value] as const] : []
  })
  if (places.length === 0) return <span class="faint">at the door</span>
  return (
    <ul class="lines">
      {places.map(([place, value]) => (
        <li>
          <span class="small faint">{place}</span>{' '}
          <PlaceValue place={place} value={value} detail={detail} />
        </li>
      ))}
    </ul>
  )
}

/** A link where the value has a page of its own. */
function PlaceValue({
  place,
  value,
  detail: { app },
}: {
  place: PlaceName
  value: string
  detail: RefusalSummary['detail']
}) {
  switch (place) {
    case 'channel': {
      const appId = typeof app === 'string' ? app : undefined
      return (
        <PageLink class="mono" path={channelPath({ name: value, appId })}>
          {value}
        </PageLink>
      )
    }
    case 'app':
      return <AppName id={value} />
    case 'rule':
      return <>{ruleText(value)}</>
    default:
      return <span class="mono">{value}</span>
  }
}
