import { describe, expect, it } from 'vitest';
import { minorOf, owedFor, type Payment, payView, refundable } from './payment.ts';

const BEGUN = Date.parse('2026-03-02T06:00:00Z');
const METHODS = ['card', 'mpesa', 'paypal'];

function payment(fields: Partial<Payment>): Payment {
  return {
    id: 'pay_1',
    amount: { minor: 250_000, currency: 'KES' },
    appointment: 'apt_1',
    authorized_minor: 0,
    captured_minor: 0,
    created_at: '2026-03-02T06:00:00Z',
    invoice: 'inv_1',
    method: 'mpesa',
    patient: 'pat_1',
    reference: 'ABC',
    refund_claimed_minor: 0,
    refunded_minor: 0,
    rev: 1,
    state: 'requires_action',
    ...fields,
  };
}

const paypal = (value: string): Payment =>
  payment({ method: 'paypal', action: { kind: 'redirect', value } });

describe('how a payment stands', () => {
  it('is chosen while there is none; a card company has no part in the page', () => {
    expect(payView([], METHODS, 250_000, BEGUN)).toEqual({
      kind: 'choose',
      methods: ['mpesa', 'paypal'],
      hasCard: true,
      last: null,
    });
  });

  it('is free where nothing is owed', () => {
    expect(payView([], METHODS, 0, BEGUN)).toEqual({ kind: 'free' });
  });

  it('counts the telephone prompt down, and waits when it is over', () => {
    const open = payment({});
    expect(payView([open], METHODS, 1, BEGUN + 30_000)).toMatchObject({
      act: { kind: 'telephone', leftMs: 90_000 },
    });
    expect(payView([open], METHODS, 1, BEGUN + 500_000)).toMatchObject({
      act: { kind: 'telephone', leftMs: 0 },
    });
  });

  it('never offers another way while a payment is open, whatever came before', () => {
    const open = payment({ state: 'unknown' });
    const failed = payment({ id: 'pay_0', state: 'failed' });
    expect(payView([open, failed], METHODS, 1, BEGUN).kind).toBe('open');
  });

  it('goes to a provider by https alone', () => {
    expect(payView([paypal('https://paypal.example/pay')], METHODS, 1, BEGUN)).toMatchObject({
      act: { kind: 'go', address: 'https://paypal.example/pay' },
    });
    for (const address of ['javascript:alert(1)', 'http://paypal.example', 'no address']) {
      expect(payView([paypal(address)], METHODS, 1, BEGUN)).toMatchObject({
        act: { kind: 'wait' },
      });
    }
  });

  it('is paid once money is taken or reserved', () => {
    const reserved = payment({ state: 'authorized' });
    expect(payView([reserved], METHODS, 1, BEGUN)).toMatchObject({
      kind: 'paid',
      isReserved: true,
    });
    const taken = payment({ state: 'part_refunded' });
    expect(payView([taken], METHODS, 1, BEGUN)).toMatchObject({ kind: 'paid', isReserved: false });
  });

  it('tells of the last one that came to nothing', () => {
    const failed = payment({ state: 'failed', reason: '1032' });
    expect(payView([failed], METHODS, 1, BEGUN)).toMatchObject({ kind: 'choose', last: failed });
    const back = payment({ state: 'refunded' });
    expect(payView([back], METHODS, 1, BEGUN)).toMatchObject({ kind: 'choose', last: null });
  });
});

it('owes the price of a visit, or the fee of one that is off', () => {
  const price = { minor: 250_000 };
  expect(owedFor({ state: 'booked', price })).toBe(250_000);
  expect(owedFor({ state: 'completed', price, fee: null })).toBe(250_000);
  expect(owedFor({ state: 'cancelled', price })).toBe(0);
  expect(owedFor({ state: 'no_show', price, fee: { minor: 100_000 } })).toBe(100_000);
});

it('gives back what was taken and not claimed yet', () => {
  expect(refundable(payment({ captured_minor: 250_000, refund_claimed_minor: 50_000 }))).toBe(
    200_000,
  );
  expect(refundable(payment({ captured_minor: 1, refund_claimed_minor: 2 }))).toBe(0);
});

it.each([
  ['12', 2, 1_200],
  ['12,5', 2, 1_250],
  ['12.05', 2, 1_205],
  ['12.055', 2, null],
  ['12', 0, 12],
  ['12.0', 0, null],
  ['0', 2, null],
  ['-1', 2, null],
  ['99999', 2, null],
  ['', 2, null],
])('reads the amount %j with %i digits as %j', (text, digits, minor) => {
  expect(minorOf(text, digits, 500_000)).toBe(minor);
});
