/** Pages that say why something did not happen. */
/** @jsxImportSource hono/jsx */
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { type Failure, refusalHeaders } from '../../failure.ts'
import type { PageRequest } from '../page-request.ts'
import { show, showSignedOut } from '../view/layout.tsx'
import { PageLink } from '../view/components.tsx'

const TITLES: Readonly<Record<number, string>> = {
  401: 'Sign in first',
  408: 'Too slow',
  403: 'Not allowed',
  404: 'Nothing here',
  405: 'Not possible',
  413: 'Too large',
  429: 'Too often',
  500: 'Something is wrong here',
  503: 'Not now',
}

/** A page of its own, for whoever it is. */
export function showFailure(page: PageRequest, why: Failure): Response | Promise<Response> {
  const head = {
    title: TITLES[why.status] ?? 'That did not work',
    status: why.status as ContentfulStatusCode,
  }
  tellWhen(page, why)
  const body = (
    <>
      <p>{sentence(why.message)}</p>
      <p>
        <PageLink path="/">Go to the start</PageLink>
      </p>
    </>
  )
  return page.var.signedIn ? show(page, head, body) : showSignedOut(page, head, body)
}

/** Says when to come again, where that helps. */
export function tellWhen(page: PageRequest, why: Failure | undefined): void {
  if (!why) return
  for (const [name, value] of Object.entries(refusalHeaders(why))) page.header(name, value)
}

/** Messages of failures are written to stand in the middle of a line. */
export function sentence(message: string): string {
  return `${message[0]?.toUpperCase() ?? ''}${message.slice(1)}${/[.!?]$/.test(message) ? '' : '.'}`
}
