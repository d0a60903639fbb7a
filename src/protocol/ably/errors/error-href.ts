/** Where this server explains an error, for the `href` of error bodies and frames (TI5). */

/**
 * @param code of `codes.ts`
 * @param base the server as the client addresses it, as `Visit` has it: `https://my.host:8443/realtime`
 */
export function errorHref(code: number, base: string): string {
  return `${base}/errors/${code}`
}
