/** The ground the other browser tests stand on: both browsers start, have what peers need, and report errors. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from '@playwright/test'
import type { BrowserName } from '../fixtures/browsers.ts'
import { expect, test } from '../fixtures/test.ts'

const names: readonly BrowserName[] = ['chromium', 'firefox']

let site: Server
let address: string

test.beforeAll(async () => {
  site = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><link rel="icon" href="data:,"><title>smoke</title>')
  })
  site.listen(0, '127.0.0.1')
  await once(site, 'listening')
  address = `http://127.0.0.1:${(site.address() as AddressInfo).port}/`
})

test.afterAll(() => {
  site.close()
  site.closeAllConnections()
})

for (const name of names) {
  test(`${name} has WebRTC, Ed25519 and Web Locks`, async ({ browsers }) => {
    const browser = await browsers.launch(name)
    const page = await browser.newPage()
    await page.goto(address)
    const found = await page.evaluate(async () => {
      const keys = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])
      return {
        webrtc: typeof RTCPeerConnection,
        locks: typeof navigator.locks.request,
        algorithm: 'privateKey' in keys ? keys.privateKey.algorithm.name : null,
      }
    })
    expect(found).toEqual({ webrtc: 'function', locks: 'function', algorithm: 'Ed25519' })
  })

  test(`${name} gathers host candidates that carry addresses`, async ({ browsers }) => {
    const browser = await browsers.launch(name)
    const page = await browser.newPage()
    await page.goto(address)
    const candidates = await hostCandidates(page)
    expect(candidates.length).toBeGreaterThan(0)
    expect(candidates.filter((candidate) => candidate.includes('.local'))).toEqual([])
  })

  test(`an error in a page of ${name} is noticed`, async ({ browsers }) => {
    const browser = await browsers.launch(name)
    const page = await browser.newPage()
    await page.goto(address)
    await page.evaluate(() => {
      console.error('printed on purpose')
      setTimeout(() => {
        throw new Error('thrown on purpose')
      })
    })
    await expect.poll(() => browsers.errors.length).toBe(2)
    browsers.allowErrors(/printed on purpose/)
    expect(browsers.errors).toEqual([expect.stringContaining('thrown on purpose')])
    browsers.allowErrors(/thrown on purpose/)
    expect(browsers.errors).toEqual([])
  })
}

function hostCandidates(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const connection = new RTCPeerConnection({ iceServers: [] })
    connection.createDataChannel('probe')
    const found: string[] = []
    const gathered = new Promise<void>((resolve) => {
      connection.onicecandidate = ({ candidate }) => {
        if (candidate === null) resolve()
        else if (candidate.candidate !== '') found.push(candidate.candidate)
      }
    })
    await connection.setLocalDescription()
    await gathered
    connection.close()
    return found
  })
}
