//! Java with logback's usual pattern; some errors carry their stack trace.

use std::fmt::{Result, Write as _};

use super::scene::Scene;

pub(super) fn write(scene: &mut Scene<'_>, out: &mut String) -> Result {
    let trace = scene.trace();
    let level = if scene.error {
        "ERROR"
    } else {
        match scene.random.below(100) {
            0..3 => "WARN ",
            3..13 => "DEBUG",
            _ => "INFO ",
        }
    };
    let stamp = scene.stamp;
    let thread = 1 + scene.random.below(24);
    let app = scene.app;
    write!(
        out,
        "{} {},{:03} {level} [http-nio-8080-exec-{thread}] [{app},{trace}] ",
        stamp.date,
        stamp.time,
        stamp.ms()
    )?;
    if scene.error {
        return failure(scene, out);
    }
    message(scene, out)
}

fn message(scene: &mut Scene<'_>, out: &mut String) -> Result {
    let user = scene.user();
    let what = scene.skewed(8);
    let duration_ms = scene.duration_ms();
    let order = scene.order();
    let r = &mut *scene.random;
    if scene.app == "search" {
        let word = QUERIES[r.below(QUERIES.len() as u64) as usize];
        return match what {
            0 | 1 => write!(
                out,
                "c.e.shop.search.QueryController : Query '{word}' found {} products in {duration_ms:.0} ms for user u{user}",
                r.below(3_000)
            ),
            2 => write!(
                out,
                "c.e.shop.search.Suggestions : Suggested {} terms for prefix '{}'",
                1 + r.below(10),
                &word[..3]
            ),
            3 | 4 => write!(
                out,
                "c.e.shop.search.IndexWriter : Indexed product {} into shard {} in {duration_ms:.1} ms",
                r.below(400_000),
                r.below(16)
            ),
            5 => write!(
                out,
                "c.e.shop.search.CacheStatistics : Filter cache: {} hits, {} misses, {} evictions",
                r.below(90_000),
                r.below(9_000),
                r.below(900)
            ),
            _ => write!(
                out,
                "c.e.shop.search.Ranker : Ranked {} candidates with model v{} in {duration_ms:.1} ms",
                r.below(5_000),
                40 + r.below(3)
            ),
        };
    }
    match what {
        0 | 1 => write!(
            out,
            "c.e.shop.order.OrderController : Order {order} accepted for user u{user}: {} items, total {}.{:02} EUR",
            1 + r.below(9),
            r.below(400),
            r.below(100)
        ),
        2 => write!(
            out,
            "c.e.shop.order.StateMachine : Order {order} moved from {} to {}",
            ["CREATED", "PAID", "PACKED"][r.below(3) as usize],
            ["PAID", "PACKED", "SHIPPED", "CANCELLED"][r.below(4) as usize]
        ),
        3 | 4 => write!(
            out,
            "o.h.engine.jdbc.spi.SqlExceptionHelper : Query took {duration_ms:.0} ms: select o.id, o.state, o.total from orders o where o.user_id = {user}"
        ),
        5 => write!(
            out,
            "c.e.shop.order.PaymentListener : Payment of order {order} confirmed by {} after {duration_ms:.0} ms",
            ["adyen", "stripe", "paypal"][r.below(3) as usize]
        ),
        _ => write!(
            out,
            "c.z.hikari.pool.HikariPool : HikariPool-1 - Pool stats (total=20, active={}, idle={}, waiting={})",
            r.below(20),
            r.below(20),
            r.below(4)
        ),
    }
}

fn failure(scene: &mut Scene<'_>, out: &mut String) -> Result {
    let cause = scene.cause();
    let (class, exception) = FAILURES[scene.random.below(FAILURES.len() as u64) as usize];
    write!(
        out,
        "{class} : Handling of order {} failed: {cause}",
        scene.order()
    )?;
    if scene.random.one_in(3) {
        return Ok(());
    }
    write!(out, "\n{exception}: {cause}")?;
    let depth = 6 + scene.random.below(12);
    for _ in 0..depth {
        let frame = scene.favourite(&FRAMES);
        write!(out, "\n\tat {frame}:{})", 20 + scene.skewed(400))?;
    }
    if scene.random.one_in(2) {
        write!(
            out,
            "\nCaused by: java.net.SocketException: {cause}\n\t... {} common frames omitted",
            10 + scene.random.below(40)
        )?;
    }
    Ok(())
}

const QUERIES: [&str; 10] = [
    "garden chair",
    "usb-c cable",
    "running shoes",
    "espresso machine",
    "desk lamp",
    "raincoat",
    "bicycle pump",
    "notebook a5",
    "wireless mouse",
    "tent for two",
];

const FAILURES: [(&str, &str); 4] = [
    (
        "c.e.shop.order.OrderController",
        "com.example.shop.order.OrderRejectedException",
    ),
    (
        "c.e.shop.client.BackendClient",
        "org.springframework.web.client.ResourceAccessException",
    ),
    (
        "o.h.engine.jdbc.spi.SqlExceptionHelper",
        "org.hibernate.exception.LockAcquisitionException",
    ),
    (
        "c.e.shop.order.PaymentListener",
        "java.util.concurrent.TimeoutException",
    ),
];

const FRAMES: [&str; 14] = [
    "com.example.shop.order.OrderController.create(OrderController.java",
    "com.example.shop.client.BackendClient.call(BackendClient.java",
    "org.springframework.web.servlet.FrameworkServlet.service(FrameworkServlet.java",
    "org.springframework.web.servlet.DispatcherServlet.doDispatch(DispatcherServlet.java",
    "org.apache.catalina.core.ApplicationFilterChain.doFilter(ApplicationFilterChain.java",
    "com.example.shop.order.StateMachine.apply(StateMachine.java",
    "java.base/java.lang.reflect.Method.invoke(Method.java",
    "org.springframework.aop.framework.ReflectiveMethodInvocation.proceed(ReflectiveMethodInvocation.java",
    "org.hibernate.internal.SessionImpl.flush(SessionImpl.java",
    "com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java",
    "org.apache.tomcat.util.net.NioEndpoint$SocketProcessor.doRun(NioEndpoint.java",
    "java.base/java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java",
    "java.base/java.lang.Thread.run(Thread.java",
    "jdk.internal.reflect.DirectMethodHandleAccessor.invoke(DirectMethodHandleAccessor.java",
];
