//! Loops over slices of one length.
//!
//! The slices are arguments, each on its own: that is what tells the compiler that the written ones
//! overlap no other, so that it makes vector code without comparing addresses first. Lengths are
//! made equal before the loop, which leaves no check in it.

/// `a ← f(a)`
#[inline(always)]
pub(crate) fn update0<T: Copy>(a: &mut [T], f: impl Fn(T) -> T) {
    for a in a {
        *a = f(*a);
    }
}

/// `a ← f(a, x)`
#[inline(always)]
pub(crate) fn update1<T: Copy>(a: &mut [T], x: &[T], f: impl Fn(T, T) -> T) {
    for (a, x) in a.iter_mut().zip(x) {
        *a = f(*a, *x);
    }
}

/// `a ← f(a, x, y)`
#[inline(always)]
pub(crate) fn update2<T: Copy>(a: &mut [T], x: &[T], y: &[T], f: impl Fn(T, T, T) -> T) {
    let (x, y) = (&x[..a.len()], &y[..a.len()]);
    for i in 0..a.len() {
        a[i] = f(a[i], x[i], y[i]);
    }
}

/// `a ← f(a, x, y, z)`
#[inline(always)]
pub(crate) fn update3<T: Copy>(
    a: &mut [T],
    x: &[T],
    y: &[T],
    z: &[T],
    f: impl Fn(T, T, T, T) -> T,
) {
    let n = a.len();
    let (x, y, z) = (&x[..n], &y[..n], &z[..n]);
    for i in 0..n {
        a[i] = f(a[i], x[i], y[i], z[i]);
    }
}

/// `a ← f(x, y, z, w)`
#[inline(always)]
pub(crate) fn map4<T: Copy>(
    a: &mut [T],
    x: &[T],
    y: &[T],
    z: &[T],
    w: &[T],
    f: impl Fn(T, T, T, T) -> T,
) {
    let n = a.len();
    let (x, y, z, w) = (&x[..n], &y[..n], &z[..n], &w[..n]);
    for i in 0..n {
        a[i] = f(x[i], y[i], z[i], w[i]);
    }
}

/// `(a, b) ← f(a, b, x, y)`
#[inline(always)]
pub(crate) fn update_pair2<T: Copy>(
    a: &mut [T],
    b: &mut [T],
    x: &[T],
    y: &[T],
    f: impl Fn(T, T, T, T) -> (T, T),
) {
    let n = a.len();
    let (b, x, y) = (&mut b[..n], &x[..n], &y[..n]);
    for i in 0..n {
        (a[i], b[i]) = f(a[i], b[i], x[i], y[i]);
    }
}

/// `(a, b, c) ← f(a, b, c, x)`
#[inline(always)]
pub(crate) fn update_triple1<T: Copy>(
    [a, b, c]: [&mut [T]; 3],
    x: &[T],
    f: impl Fn([T; 3], T) -> [T; 3],
) {
    #[inline(always)]
    fn run<T: Copy>(
        a: &mut [T],
        b: &mut [T],
        c: &mut [T],
        x: &[T],
        f: impl Fn([T; 3], T) -> [T; 3],
    ) {
        let n = a.len();
        let (b, c, x) = (&mut b[..n], &mut c[..n], &x[..n]);
        for i in 0..n {
            [a[i], b[i], c[i]] = f([a[i], b[i], c[i]], x[i]);
        }
    }
    run(a, b, c, x, f);
}

/// `(a, b, c, d, e) ← f(a, b, c, d, x, y, z, w)`
#[inline(always)]
pub(crate) fn update_gates<T: Copy>(
    gates: [&mut [T]; 4],
    e: &mut [T],
    inputs: [&[T]; 4],
    f: impl Fn([T; 4], [T; 4]) -> [T; 5],
) {
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "each slice an argument, see above")]
    fn run<T: Copy>(
        a: &mut [T],
        b: &mut [T],
        c: &mut [T],
        d: &mut [T],
        e: &mut [T],
        x: &[T],
        y: &[T],
        z: &[T],
        w: &[T],
        f: impl Fn([T; 4], [T; 4]) -> [T; 5],
    ) {
        let n = a.len();
        let (b, c, d, e) = (&mut b[..n], &mut c[..n], &mut d[..n], &mut e[..n]);
        let (x, y, z, w) = (&x[..n], &y[..n], &z[..n], &w[..n]);
        for i in 0..n {
            let gates = [a[i], b[i], c[i], d[i]];
            [a[i], b[i], c[i], d[i], e[i]] = f(gates, [x[i], y[i], z[i], w[i]]);
        }
    }
    let ([a, b, c, d], [x, y, z, w]) = (gates, inputs);
    run(a, b, c, d, e, x, y, z, w, f);
}
