namespace IotXmpp.Hub.Features.Push;

/// <summary>Something that a device is to be told.</summary>
/// <param name="IsSubscription">Somebody wants to see the account's presence; else it is a message.</param>
/// <param name="Sender">Who; null where notifications do not say it.</param>
/// <param name="Text">What; null where notifications do not say it.</param>
internal readonly record struct PushNews(bool IsSubscription, string? Sender, string? Text);

/// <summary>A device and what it has not been told yet. Whoever looks inside holds its lock.</summary>
internal sealed class PushTarget(PushRegistration registration)
{
    /// <summary>The registration, as it was enabled last.</summary>
    public PushRegistration Registration { get; set; } = registration;

    /// <summary>Messages since its client was there last.</summary>
    public int Messages { get; private set; }

    /// <summary>Requests for its presence since then.</summary>
    public int Subscriptions { get; private set; }

    /// <summary>Who wrote last.</summary>
    public string? Sender { get; private set; }

    /// <summary>What was written last.</summary>
    public string? Text { get; private set; }

    /// <summary>Whether there is something that it was not told.</summary>
    public bool HasNews { get; set; }

    /// <summary>Whether a notification waits for its answer.</summary>
    public bool IsUnderWay { get; set; }

    /// <summary>Whether it was disabled.</summary>
    public bool IsRemoved { get; set; }

    /// <summary>Failures in a row.</summary>
    public int Failures { get; set; }

    /// <summary>Before that nothing is sent.</summary>
    public DateTimeOffset NotBefore { get; set; }

    /// <summary>Runs until something may be sent; null where nothing waits for that.</summary>
    public ITimer? Timer { get; set; }

    public void Add(PushNews news)
    {
        if (news.IsSubscription)
        {
            Subscriptions++;
        }
        else
        {
            Messages++;
            (Sender, Text) = (news.Sender, news.Text);
        }

        HasNews = true;
    }

    /// <summary>Its client is there: it knows all.</summary>
    public void Forget()
    {
        Messages = Subscriptions = 0;
        Sender = Text = null;
        HasNews = false;
        StopTimer();
    }

    public void StopTimer()
    {
        Timer?.Dispose();
        Timer = null;
    }
}
